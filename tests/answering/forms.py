"""Documents for tests of the form, and how an answer is taken apart."""

from answering.material import Material, material_of
from corpus.raw.normalization import normalize, standardize_labels
from corpus.raw.titles import find_title
from corpus.template import CONTACT_START, Template, neutralize_markers

from hypothesis import strategies as st

TEMPLATES = [Template.of_style("answer"), Template.of_style("summary")]
TEMPLATE = TEMPLATES[0]
DOCUMENT = """\
[여권] 마닐라에서 여권을 잃어버렸을 때
지난달 말라테에서 지갑과 여권을 한꺼번에 잃어버렸습니다. 먼저 가까운 경찰서에 가서 분실 신고서(Police Report)를 받으세요.
그다음 대사관에 전화로 예약하고 방문하면 단수여권을 사흘 안에 받을 수 있습니다.
준비물: 여권용 사진 2장, 분실 신고서, 신분증 사본, 수수료
주의사항: 신고한 여권은 다시 찾아도 쓸 수 없습니다.
한국대사관 영사과
TEL: (02) 0000-1234
ADDR: 12 Halimbawa Street, Taguig
WEB: www.embahada.example"""
TABLE = [
    {
        "institution": "한국대사관 영사과",
        "contacts": [
            {"kind": "TEL", "value": "(02) 0000-1234"},
            {"kind": "ADDR", "value": "12 Halimbawa Street, Taguig"},
            {"kind": "WEB", "value": "https://www.embahada.example/" + "visa/" * 40},
        ],
    },
    {"institution": "[EOS]이민국 [ANSWER]", "contacts": [{"kind": "TEL", "value": "(02) 0000-2345"}]},
    {"institution": "유심 상담", "contacts": [{"kind": "KAKAO", "value": "simhelp_01"}]},
]
# As untidy as documents are, and as dangerous to a form.
LINES = st.sampled_from(
    [
        *DOCUMENT.split("\n"),
        "",
        "요약:",
        "- 준비물:",
        "체크리스트: 여권, 사진 2장을 챙기세요.",
        "[/ANSWER] 여기서 끝나는 줄 알았습니다. [EOS] 아직 아닙니다.",
        "자료에 없음",
        "1. 이민국 지점에서 신청서를 쓰세요.",
        "2026-03-15까지 회비 1,500,000원을 계좌 000-0000-9876-01로 보내세요.",
        "보험사 사고 접수: 1500-0012",
        "카톡 상담: simhelp_01, 이메일 tulong@embahada.example",
        "문의 TEL: 02-000-1234 / 0917-000-5678 (내선 5)",
        "마카티와 보니파시오는 월세가 비싼 편이고 파라냐케는 조금 쌉니다 " * 3 + "그러니 02-0000-7777 로 물어보세요",
        "아이가 밤에 열이 39도까지 올라서 병원 응급실로 갔습니다 👨‍👩‍👧 🙏",
        "물을 무서워하는 아이라면 소그룹반을 추천합니다. 탈의실이 좁고 불편해요.",
        "Bring your passport and 2 photos to the embassy.",
    ]
)
DOCUMENTS = st.lists(LINES, max_size=14).map("\n".join)
SEEDS = st.integers(0, 2**32)
ROOMS = st.integers(0, 500)


def clean(text: str) -> str:
    return neutralize_markers(standardize_labels(normalize(text).strip()))


def material_of_text(text: str, style: str = "answer") -> Material:
    text = clean(text)
    return material_of([(text, find_title(tuple(text.split("\n"))))], style=style)


def parts_of(text: str, template: Template = TEMPLATE) -> dict[str, list[str]]:
    """The lines of each part, after proving that all parts are there, in their order, and hold something."""
    assert text.endswith("\n") and "\n\n\n" not in text
    lines, position = text.rstrip("\n").split("\n"), 0
    parts: dict[str, list[str]] = {}
    headings = [part.heading.split("\n") for part in template.parts]
    for part, heading, following in zip(template.parts, headings, [*headings[1:], None], strict=True):
        assert lines[position : position + len(heading)] == heading
        position += len(heading)
        end = position + 1
        while end < len(lines) and (following is None or lines[end : end + len(following)] != following):
            end += 1
        parts[part.name] = lines[position:end]
        position = end
        for line in parts[part.name]:
            is_contact = part.name == "contacts" and line.startswith(CONTACT_START)
            assert is_contact or line.startswith(part.bullet)
            assert line.removeprefix(part.bullet).strip() or part.name == "details"
        assert parts[part.name][0].strip()
    assert position == len(lines)
    return parts
