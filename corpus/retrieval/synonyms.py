"""Words for the same thing that no text teaches: loan words, abbreviations, and what people say for what offices write.

A text teaches much of what belongs together only if it is long; these groups are for texts of any length. A word may be
in several groups. A Korean member also counts inside a longer word: at its beginning or end, anywhere from three
syllables on.
"""

GROUPS = """
여권 패스포트 passport
아이카드 acr 외국인등록증 외국인등록카드
비자 사증 visa
연장 갱신 extension renewal
재발급 재발행 replacement
분실 잃어 잃었 lost
도난 도둑 훔쳐 훔친 소매치기 털렸 털린 털림 날치기 뺏겼 빼앗 빼앗긴 stolen
휴대폰 핸드폰 핸폰 휴대전화 스마트폰 폰 cellphone
유심 심카드 심 sim
통장 계좌 account
송금 이체 입금 부쳐 부치 부칠 부쳤 remittance
벌금 과태료 범칙금 딱지 과징금
불법체류 오버스테이 불체 불체자 overstay overstaying
비용 요금 수수료 가격 값 금액 견적 얼마 얼마나
월세 임대료 렌트 렌트비 집세 방값 rent
보증금 디파짓 deposit 전세금
집주인 임대인 건물주
세입자 임차인
임대 계약 계약서 임차
병원 메디컬 의원 클리닉 hospital clinic medical
응급실 응급 emergency
예방접종 예방주사 백신 접종 주사 vaccine
독감 인플루엔자 flu
뎅기열 뎅기 dengue
치과 임플란트 스케일링 충치 사랑니 dental
정신과 심리상담 우울 우울증 psychiatrist
진단서 소견서
건강보험 필헬스 philhealth
의료보험 의료카드 hmo
임신 산부인과 출산 낳고 낳은 낳았 제왕절개
출생 태어나 태어난 태어났 태어날 birth
아기 애기 아이 애 애들 자녀 아들 딸 신생아
결혼 혼인 marriage
이혼 혼인무효 annulment
남편 아내 와이프 집사람 배우자 spouse
여자친구 여친 남자친구 남친 애인
사망 돌아가 죽어 죽고 죽은 별세 장례 death
상속 유산 물려받 물려
유골 유해 시신 화장 운구
경찰 파출소 폴리스 police
사기 스캠 scam 사기꾼
사칭 보이스피싱 피싱 검찰 금융감독원
강도 권총
마약 셋업 setup
대사관 영사관 영사과 공관 embassy
이민국 이민청 immigration
노동청 dole
공증 노타리 노타리오 notary notaryo affidavit
공동인증서 공인인증서 인증서
아포스티유 apostille
통역 통역사 도우미 interpreter
운전면허 면허 면허증 lto license
음주 음주운전 혈중알코올 술
교통사고 접촉사고 사고
자동차 차량 승용차 중고차 차
명의 이전 명의이전 명의변경 양도
택시 그랩 grab taxi
오토바이 스쿠터 이륜차 바이크
비행기 항공편 항공권 항공사
수하물 짐 가방 캐리어 baggage
세관 관세 통관 customs
소포 택배 ems
학교 스쿨 아카데미 school academy
유치원 프리스쿨 nursery preschool
학비 등록금 수업료 tuition
어학원 어학연수 영어학교 영어학원
따돌림 왕따 괴롭힘 학폭 bullying
과외 튜터 tutor
가사도우미 메이드 도우미 헬퍼 야야 가정부 식모 maid helper yaya
월급 급여 임금 봉급 salary
보너스 상여 상여금 bonus
퇴사 퇴직 사직 관두 관둬 그만두 이직
취업비자 워킹비자 9g aep
은퇴비자 srrv
학생비자 9f
결혼비자 13a
출국허가서 ecc
이트래블 etravel
전기 전기세 전기요금 메랄코 meralco
수도 수도세 수도요금
인터넷 와이파이 wifi internet
해지 해약 취소 cancel
위약금 페널티 penalty
환불 돌려받 돌려줘 돌려주 반환 refund
정전 단전 브라운아웃 brownout
침수 홍수 잠겼 잠긴 물난리
강아지 반려견 애완견 멍멍이 멍멍 개 dog
고양이 야옹이 냥이 cat
투표 선거 재외선거
환전 환전소 환율
도박 카지노 casino
마트 식품점 슈퍼 mart
골프 골프장 그린피 캐디 캐디피 golf
시끄러 시끄럽 소음 소리
변호사 법률사무소 로펌 lawyer attorney
군대 병역 병무청 입영
특례 특별전형
대학 편입 university
에어컨 에어콘 aircon
냉장고 냉동고
설사 장염 배탈 물갈이
신고 신고서 report
서류 준비물 구비서류 준비할
체포 연행 구금 구치소 감옥 교도소 유치장
추방 입국금지 블랙리스트 deportation
할인 깎아 깎아주 discount
무료 공짜 free
은행 뱅크 bank
대행 대행사 에이전시 픽서 fixer agency
이사 이삿짐 포장이사
결석 휴교
퇴원 입원 admission
주소 위치 약도
전화 번호 핫라인 tel hotline
선생님 교사
동물병원 수의사 vet
환경세 입장료
연금 국민연금
지진 여진
코로나 covid
"""


def read_groups(text: str) -> dict[str, tuple[int, ...]]:
    """For each word, the numbers of its groups; `text` holds one group a line."""
    groups: dict[str, tuple[int, ...]] = {}
    for number, line in enumerate(text.strip().split("\n")):
        for word in line.split():
            groups[word] = (*groups.get(word, ()), number)
    return groups


SYNONYMS = read_groups(GROUPS)
