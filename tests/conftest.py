"""What the tests share: a small raw text, and a folder in which steps 01 to 04 have run on it."""

import importlib
import os
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import pipeline
from corpus.template import MARKERS
from pipeline import StepError

import pytest
from tokenizers import Tokenizer

# Models as small as these are fastest on one thread, above all where several test runs share the cores. And some
# tests fork: a child of a process that has used several threads would wait forever for those it has not got.
os.environ["OMP_NUM_THREADS"] = "1"

SCRIPTS = {
    "01": "01_prepare_samples",
    "02": "02_train_tokenizer",
    "03": "03_build_bin_dataset",
    "04": "04_train_gpt_from_scratch",
    "05": "05_generate",
    "export": "export",
    "serve": "serve",
}

# Untidy as such files are: titles and none, mixed labels, a checklist, a post that stands there twice.
RAW_TEXT = """\
[여권] 마닐라에서 여권을 잃어버렸을 때
지난달 말라테에서 지갑과 여권을 한꺼번에 잃어버렸습니다. 먼저 가까운 경찰서에 가서 분실 신고서(Police Report)를 받으세요.
그다음 대사관에 전화로 예약하고 방문하면 단수여권을 사흘 안에 받을 수 있습니다.
준비물: 여권용 사진 2장, 분실 신고서, 신분증 사본, 수수료
주의사항: 신고한 여권은 다시 찾아도 쓸 수 없습니다.
한국대사관 영사과
☎ 전화: (02) 0000-1234
주소: 12 Halimbawa Street, Taguig
홈페이지: www.embahada.example


관광비자 연장하는 방법
무비자로 들어오면 30일 동안 머물 수 있고, 그 뒤에는 이민국에서 29일을 더 연장합니다. 만료일 일주일 전에 신청하는 편이 안전합니다.
1. 이민국 지점에서 신청서를 쓰세요.
2. 여권 원본과 사본을 창구에 내세요.
3. 수수료를 내고 영수증을 받으세요.
체류 기간을 하루라도 넘기면 벌금이 붙으니 반드시 날짜를 확인하십시오.
이민국 안내 Tel (02) 0000-2345


아이 때문에 응급실에 갔던 이야기입니다. 아이가 밤에 열이 39도까지 올라서 세부의 큰 병원 응급실로 갔습니다. 접수할 때 보증금을 먼저 내야 하고, 카드가 안 되는 곳이 많으니 현금을 챙겨 가세요.
보험금을 청구하려면 진단서와 영수증 원본을 꼭 받아야 합니다. 간호사가 친절했고 hotel 같은 병실이었지만 이틀에 2만 페소가 나왔습니다.
세부 할림바와 병원 mobile 0900-000-1234


교통사고가 났을 때
차를 옮기지 말고 사진부터 찍으세요. 상대 차의 번호판과 면허증도 찍어 두세요.
경찰관이 올 때까지 현장을 떠나면 안 됩니다. 현장에서 합의금을 주지 마세요.
- 보험사에 24시간 안에 연락하세요.
- 사고 확인서를 경찰서에서 받으세요.
보험사 사고 접수: 1500-0012


콘도 임대 계약서를 쓸 때 살펴볼 것
보통 두 달 치 보증금과 한 달 치 월세를 먼저 냅니다. 계약서에 수리비를 누가 내는지 적혀 있는지 확인하세요.
집주인의 신분증과 등기 사본을 보여 달라고 해야 합니다. 보증금을 돌려받지 못하는 일이 많으니 들어갈 때 벽과 가전제품 사진을 남겨 두세요.
관리비에 수도 요금이 들어 있는지도 물어보십시오. 마카티와 보니파시오는 월세가 비싼 편이고 파라냐케는 조금 쌉니다.


은행 계좌 만들기
외국인은 ACR 카드가 있어야 계좌를 열 수 있습니다.
준비물: 여권, ACR 카드, 주소 증명서, 사진 2장
처음에 넣어야 하는 돈은 은행마다 5천에서 1만 페소입니다. 잔액이 모자라면 다달이 수수료가 빠져나가니 주의하세요.
할림바와 은행 e-mail: tulong@bangko.example


==========
운전면허를 한국 면허로 바꾸는 절차
한국 면허증의 영문 번역문을 대사관에서 공증받은 뒤 교통국에 내면 시험 없이 바꿔 줍니다.
관광비자로 들어온 사람은 90일까지 한국 면허로 운전할 수 있습니다. 그 뒤에 운전하다 걸리면 벌금을 냅니다.
교통국 앙헬레스 지점
주소: 7 Halimbawa Avenue, Angeles
TEL: (045) 000-1234


교통사고가 났을 때
차를 옮기지 말고 사진부터 찍으세요. 상대 차의 번호판과 면허증도 찍어 두세요.
경찰관이 올 때까지 현장을 떠나면 안 됩니다. 현장에서 합의금을 주지 마세요.
- 보험사에 24시간 안에 연락하세요.
- 사고 확인서를 경찰서에서 받으세요.
보험사 사고 접수: 1500-0012


유심 등록을 안 하면 번호가 끊깁니다
유심을 사면 여권을 들고 매장에 가서 등록해야 합니다. 웹사이트에서 직접 등록할 수도 있는데 사진이 흐리면 거절됩니다.
관광객은 30일 동안만 쓸 수 있고, 비자를 연장하면 연장한 서류를 올려서 기간을 늘립니다. 남에게 내 이름으로 만든 유심을 빌려주지 마세요.
카톡 상담: simhelp_01


태풍이 올 때 준비할 일
태풍 신호가 3호 이상이면 학교와 관공서가 쉽니다. 물과 통조림과 손전등을 사흘 치 준비하세요.
창문에서 떨어져 있고, 베란다의 화분은 안으로 들여놓으세요. 정전이 길어지면 휴대전화를 아껴 써야 합니다.
물이 차는 동네에 산다면 미리 높은 곳으로 옮기십시오.
재난 상담 Tel. 02-000-1234


강아지를 데리고 한국에 들어가려면 시간이 오래 걸립니다. 마이크로칩을 먼저 심고, 광견병 항체 검사를 한국이 인정하는 기관에서 받아야 합니다. 검사 결과가 나오기까지 한 달쯤 걸리니 출국 석 달 전부터 시작하세요.
- 검역 증명서
- 예방접종 수첩
- 항체 검사 결과서
바기오에서 다녔던 동물병원은 값이 싸고 설명을 잘해 주었습니다.


중고 거래 사기를 당했습니다
단체 대화방에서 에어컨을 싸게 판다는 글을 보고 돈을 먼저 보냈는데 연락이 끊겼습니다. 알고 보니 같은 사람에게 당한 분이 여섯 명이었습니다.
돈을 보내기 전에 반드시 물건을 직접 보고, 보낸 기록은 지우지 말고 남겨 두세요. 경찰서 사이버 범죄과에 대화 내용을 인쇄해서 내면 접수해 줍니다.
사이버 범죄과 Web https://ulat.example/scam


국제학교 입학 상담을 다녀와서
다바오에 있는 학교 두 곳을 다녀왔습니다. 입학 시험은 영어와 수학이고, 자리가 없으면 한 학기를 기다려야 합니다.
필요한 서류는 성적 증명서, 출생 증명서, 예방접종 기록, 여권 사본입니다. 학생 비자는 학교에서 대신 신청해 줍니다.
등록금은 8월에 한꺼번에 내면 조금 깎아 줍니다. 통학 버스는 따로 신청해야 합니다.
"""

# Small enough for a test, and on the CPU in fp32, where a run repeats to the bit.
SETTINGS = {
    "01": {"max_document_characters": 150, "workers": 1},
    "02": {"vocab_size": 700, "bytes_per_token": 20},
    "03": {"val_ratio": 0.25, "block_size": 384},
    "04": {
        "block_size": 384,
        "n_layer": 1,
        "n_head": 2,
        "n_embd": 32,
        "batch_size": 2,
        "micro_batch_size": 2,
        "max_steps": 4,
        "eval_interval": 2,
        "sample_tokens": 4,
        "device": "cpu",
        "precision": "fp32",
    },
    "05": {"question": "여권을 잃어버렸어요", "max_new_tokens": 60, "device": "cpu"},
    "export": {},
    "serve": {"port": 0, "device": "cpu", "max_new_tokens": 150, "rows": 4, "max_waiting": 4, "log": False},
}


def _flag(name: str, value) -> list[str]:
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    return [f"--{name}", str(value)]


def pytest_collection_modifyitems(items):
    """The tests that fork come first: a fork takes over the locks, but not the threads, of what ran before it."""
    items.sort(key=lambda item: item.path.name != "test_processes.py")


@dataclass(frozen=True)
class House:
    """A folder with a raw text and the artifacts of the steps, and the steps themselves at tiny settings."""

    folder: Path

    @property
    def raw(self) -> Path:
        return self.folder / "data" / "raw.txt"

    @property
    def samples(self) -> Path:
        return self.folder / "data" / "samples.txt"

    @property
    def contacts(self) -> Path:
        return self.folder / "data" / "contacts.json"

    @property
    def dropped(self) -> Path:
        return self.folder / "data" / "dropped.txt"

    @property
    def tokenizer(self) -> Path:
        return self.folder / "data" / "tokenizer.json"

    @property
    def train_bin(self) -> Path:
        return self.folder / "data" / "train.bin"

    @property
    def val_bin(self) -> Path:
        return self.folder / "data" / "val.bin"

    @property
    def index(self) -> Path:
        return self.folder / "data" / "index.npz"

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoints" / "ckpt.pt"

    @property
    def exported(self) -> Path:
        return self.folder / "exported"

    @property
    def manifest(self) -> Path:
        return self.folder / "data" / "manifest.json"

    def flags(self, step: str, **changes) -> list[str]:
        """The command line of a step here: its paths, the tiny settings, and `changes` to either."""
        reads_and_writes = {
            "01": {
                "raw_path": self.raw,
                "samples_path": self.samples,
                "contacts_path": self.contacts,
                "dropped_path": self.dropped,
            },
            "02": {"samples_path": self.samples, "tokenizer_path": self.tokenizer},
            "03": {
                "samples_path": self.samples,
                "tokenizer_path": self.tokenizer,
                "train_bin": self.train_bin,
                "val_bin": self.val_bin,
                "index_path": self.index,
            },
            "04": {
                "train_bin": self.train_bin,
                "val_bin": self.val_bin,
                "tokenizer_path": self.tokenizer,
                "checkpoint_path": self.checkpoint,
            },
            "05": {
                "checkpoint_path": self.checkpoint,
                "index_path": self.index,
                "samples_path": self.samples,
                "contacts_path": self.contacts,
            },
            "export": {"checkpoint_path": self.checkpoint, "out_dir": self.exported},
            "serve": {
                "checkpoint_path": self.checkpoint,
                "index_path": self.index,
                "samples_path": self.samples,
                "contacts_path": self.contacts,
                "history_path": self.folder / "data" / "history.jsonl",
            },
        }
        settings = {**reads_and_writes[step], **SETTINGS[step], **changes}
        return [text for name, value in settings.items() for text in _flag(name.replace("_", "-"), value)]

    def main(self, step: str):
        """The `main` of a step's script."""
        return importlib.import_module(SCRIPTS[step]).main

    def default(self, step: str, name: str):
        """A constant at the top of a step's script."""
        return getattr(importlib.import_module(SCRIPTS[step]), name)

    def run(self, step: str, **changes) -> None:
        """Run a step here, with `changes` to the tiny settings."""
        self.main(step)(self.flags(step, **changes))

    def complaint(self, step: str, **changes) -> str:
        """The one line with which a step refuses; everything here must be as it was before."""
        before = self.contents()
        with pytest.raises(StepError) as refusal:
            self.run(step, **changes)
        assert self.contents() == before
        assert "\n" not in str(refusal.value)
        return str(refusal.value)

    def contents(self) -> dict[str, bytes]:
        """Every file below the folder with its bytes."""
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="session")
def raw_text() -> str:
    """Thirteen posts of Korean text, one of them twice."""
    return RAW_TEXT


@pytest.fixture(scope="session")
def open_house():
    """Make a House with this raw text in it, and nothing else."""

    def open_at(folder: Path, text: str = RAW_TEXT) -> House:
        house = House(folder)
        house.raw.parent.mkdir(parents=True)
        house.raw.write_text(text, encoding="utf-8")
        return house

    return open_at


@pytest.fixture
def new_house(open_house, tmp_path) -> House:
    """A folder with the raw text; no step has run."""
    return open_house(tmp_path / "new")


@pytest.fixture(scope="session")
def built_house(open_house, tmp_path_factory) -> House:
    """Steps 01 to 04 have run here once. Only to look at: `house` is for tests that change something."""
    house = open_house(tmp_path_factory.mktemp("built"))
    for step in ("01", "02", "03", "04"):
        house.run(step)
    return house


@pytest.fixture
def house(built_house, tmp_path) -> House:
    """A copy of the built house that a test may break."""
    return House(Path(shutil.copytree(built_house.folder, tmp_path / "house")))


@pytest.fixture(scope="session")
def bundled_house(open_house, tmp_path_factory) -> House:
    """Steps 01 and 02 have run here on the bundled text, as `make` runs them."""
    text = Path(__file__).parent.parent / "data" / "sample_raw.txt"
    house = open_house(tmp_path_factory.mktemp("bundled"), text.read_text(encoding="utf-8"))
    house.run("01", max_document_characters=house.default("01", "MAX_DOCUMENT_CHARACTERS"))
    house.run("02", vocab_size=4096, bytes_per_token=house.default("02", "BYTES_PER_TOKEN"))
    return house


@pytest.fixture(scope="session")
def tokenizer(built_house) -> Tokenizer:
    """The tokenizer of the built house: 700 tokens, so that many characters are spread over several."""
    return Tokenizer.from_file(str(built_house.tokenizer))


@pytest.fixture(scope="session")
def wander(tokenizer):
    """Write a text that a guide allows, each token drawn by chance, so that all it would ever allow may come.

    What could spoil a text is drawn more often: digits, labels, line ends, spaces, single bytes. Returns the
    tokens up to a marker, or up to a most number of them.
    """
    tokens = range(tokenizer.get_vocab_size())
    markers = {tokenizer.token_to_id(marker) for marker in MARKERS}
    risky = [token for token in tokens if len(tokenizer.id_to_token(token)) == 1]
    for text in ("0123456789", "TEL: ", "ADDR:", "KAKAO:", "\n\n", "  - ", " (02) 0000-1234", "www.", "[/ANSWER]"):
        risky += 5 * tokenizer.encode(text).ids

    def wander(guide, seed: int, most: int = 2000) -> list[int]:
        chance, written = random.Random(seed), []
        while len(written) < most:
            allowed = guide.allowed()
            if allowed is None:
                drawn = (chance.choice(risky if chance.random() < 0.5 else tokens) for _ in range(200))
                some_order = chance.sample(tokens, len(tokens))
                # Raises StopIteration where nothing may come: a guide must never lead into a dead end.
                token = next(token for those in (drawn, some_order) for token in those if guide.accepts(token))
            else:
                token = chance.choice(allowed)
            if token in markers:
                break
            guide.take(token)
            written.append(token)
        return written

    return wander


@pytest.fixture(scope="session")
def raw_house(open_house, raw_text, built_house, tmp_path_factory):
    """The built house's data, and a model of two layers that has seen next to nothing."""
    house = open_house(tmp_path_factory.mktemp("raw"), raw_text)
    for step in ("01", "02", "03"):
        house.run(step)
    house.run("04", n_layer=2, max_steps=6, eval_interval=6, sample_tokens=0)
    return house


@pytest.fixture(scope="session")
def load():
    """Load the assistant of a house."""

    def load(house):
        script = importlib.import_module("05_generate")
        return script.Assistant.load(script.artifacts_of(_settings_of_step_05(house)))

    return load


@pytest.fixture(scope="session")
def request_of():
    """A request with the settings of step 05 in the tests, and these changes to them."""

    def request_of(question="", document=None, **changes):
        script = importlib.import_module("05_generate")
        return script.request_of(_settings_of_step_05(House(Path()), **changes), question, document)

    return request_of


def _settings_of_step_05(house: House, **changes):
    script = importlib.import_module("05_generate")
    return pipeline.read_settings(script.Settings, vars(script), house.flags("05", **changes))
