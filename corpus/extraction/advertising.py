"""Finds advertising and link spam; a post that warns of such offers is neither."""

import re

from corpus.extraction.contact_values import EMAIL_ADDRESS, KAKAO_VALUE, WEB_ADDRESS
from corpus.extraction.telephone import LABELLED_NUMBER

# Words of offers that nobody collects on purpose. A single one is no proof.
OFFER = re.compile(
    r"바카라|카지노\s?사이트|토토\s?사이트|사설\s?토토|먹튀|꽁머니|슬롯|홀덤|총판|첫충|매충|롤링|페이백|배팅|베팅"
    r"|당일\s?대출|무직자|신용불량|급전|일수|작업\s?대출|대출\s?상담|무심사|한도\s?조회"
    r"|원금\s?보장|수익\s?보장|고수익|일당\s?\d+만|재택\s?부업|부업\s?문의|리딩방|주식\s?추천|코인\s?추천"
    r"|출장\s?(?:마사지|안마|샵)|조건\s?만남|성인\s?용품|비아그라|시알리스|정품\s?판매|짝퉁|레플리카|위조\s?여권"
    r"|가입\s?코드|추천인\s?코드|지금\s?바로\s?(?:클릭|가입|상담)|클릭\s?하세요|선착순\s?\d+명|무료\s?체험|이벤트\s?진행\s?중|문의\s?환영|24시간\s?상담",
)
WARNING = re.compile(r"사기|조심|주의|피해|당했|속지|신고|위험|마세요|불법")
SELLER_CONTACTS = (WEB_ADDRESS, LABELLED_NUMBER, KAKAO_VALUE, EMAIL_ADDRESS)
MESSENGER = re.compile(r"카톡|카카오|텔레그램|telegram|라인")
FEWEST_OFFERS = 3  # different offers in advertising, which also says how to reach the seller
FEWEST_LINKS = 3  # in link spam
LINK_SHARE = 0.5  # of the characters of link spam, at least
FEWEST_WARNINGS = 2  # in a post that warns of offers


def find_advertising(text: str) -> str:
    """The evidence that a post is advertising: its offers, or its first links; "" if it is not."""
    links = WEB_ADDRESS.findall(text)
    if len(links) >= FEWEST_LINKS and sum(map(len, links)) > LINK_SHARE * len(text):
        return ", ".join(links[:FEWEST_LINKS])
    offers = list(dict.fromkeys(re.sub(r"\s", "", offer) for offer in OFFER.findall(text)))
    if len(offers) < FEWEST_OFFERS or len(WARNING.findall(text)) >= FEWEST_WARNINGS:
        return ""
    names_contact = any(pattern.search(text) for pattern in (*SELLER_CONTACTS, MESSENGER))
    return ", ".join(offers) if names_contact else ""
