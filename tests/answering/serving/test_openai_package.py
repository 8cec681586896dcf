"""The `openai` package against the server, as its users write it: whole answers, streams, errors, a stream given up."""

import asyncio

import openai
import pytest

QUESTION = [{"role": "user", "content": "여권을 잃어버렸어요"}]


@pytest.fixture(scope="module")
def client(served):
    with openai.OpenAI(base_url=f"{served.address}/v1", api_key="none", max_retries=0) as client:
        yield client


def create(client, **fields):
    return client.chat.completions.create(**{"model": "korean-gpt", "messages": QUESTION, **fields})


def text_of(chunks) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def test_the_models_are_listed(client):
    (model,) = client.models.list().data
    assert model.id == "korean-gpt" and client.models.retrieve("korean-gpt") == model
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-4o")


def test_a_whole_answer_has_its_text_its_usage_and_its_sources(client):
    answer = create(client)
    (choice,) = answer.choices
    assert choice.finish_reason == "stop" and choice.message.role == "assistant"
    assert choice.message.content.startswith("요약:\n- ") and "상세 설명:" in choice.message.content
    usage = answer.usage
    assert usage.prompt_tokens > 20 and usage.completion_tokens > 20
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    source = answer.model_extra["answer"]["sources"][0]
    assert source["title"] == "마닐라에서 여권을 잃어버렸을 때" and source["file"] == "raw.txt"


def test_a_stream_is_the_same_answer_and_ends_with_the_usage_that_was_asked_for(client):
    whole = create(client, seed=3)
    chunks = list(create(client, seed=3, stream=True, stream_options={"include_usage": True}))
    assert text_of(chunks) == whole.choices[0].message.content
    assert len(chunks) >= 4 and chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-2:] == [None, "stop"]
    assert chunks[-1].choices == [] and chunks[-1].usage == whole.usage
    assert not any(chunk.usage for chunk in chunks[:-1])
    answer = chunks[-2].model_extra["answer"]
    assert answer["sections"] == whole.model_extra["answer"]["sections"]
    assert chunks[0].model_extra["answer"]["sources"] == answer["sources"]


def test_a_stream_without_usage_has_none(client):
    chunks = list(create(client, stream=True))
    assert all(chunk.choices for chunk in chunks) and not any("usage" in (chunk.model_extra or {}) for chunk in chunks)


def test_the_older_completions_take_the_question_as_their_prompt(client):
    answer = client.completions.create(model="korean-gpt", prompt=QUESTION[0]["content"], seed=3)
    chat = create(client, seed=3).choices[0].message.content
    assert answer.choices[0].text.split() == chat.split()  # a chat has empty lines before headings
    assert answer.object == "text_completion"
    chunks = list(client.completions.create(model="korean-gpt", prompt=QUESTION[0]["content"], seed=3, stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == answer.choices[0].text


def test_many_ask_at_once_from_asynchronous_code(served):
    async def ask_all():
        async with openai.AsyncOpenAI(base_url=f"{served.address}/v1", api_key="none", max_retries=0) as client:
            return await asyncio.gather(*(create(client, seed=seed % 2, temperature=1.0) for seed in range(8)))

    texts = [answer.choices[0].message.content for answer in asyncio.run(ask_all())]
    assert len(texts) == 8 and texts[::2] == texts[:1] * 4 and texts[1::2] == texts[1:2] * 4


def test_a_stream_that_is_given_up_frees_its_row(served, client):
    for _ in range(5):
        stream = create(client, stream=True, extra_body={"form": "free"}, max_tokens=200)
        next(iter(stream))
        stream.close()
    served.wait_until_idle()


@pytest.mark.parametrize(
    ("fields", "error", "code", "param"),
    [
        ({"n": 2}, openai.BadRequestError, "unsupported", "n"),
        ({"logprobs": True}, openai.BadRequestError, "unsupported", "logprobs"),
        ({"tool_choice": "required"}, openai.BadRequestError, "unsupported", "tool_choice"),
        ({"response_format": {"type": "json_object"}}, openai.BadRequestError, "unsupported", "response_format"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]},
            openai.BadRequestError,
            "unsupported",
            "messages",
        ),
        ({"messages": []}, openai.BadRequestError, "missing_question", "messages"),
        (
            {"messages": [{"role": "user", "content": "여권 " * 500}]},
            openai.BadRequestError,
            "context_length_exceeded",
            "messages",
        ),
        ({"temperature": -1}, openai.UnprocessableEntityError, "invalid_value", "temperature"),
        ({"top_p": 0}, openai.UnprocessableEntityError, "invalid_value", "top_p"),
        ({"stop": list("가나다라마")}, openai.UnprocessableEntityError, "invalid_value", "stop"),
        ({"extra_body": {"document_id": "0-00000000"}}, openai.NotFoundError, "not_found", None),
    ],
)
def test_what_the_model_cannot_do_is_an_error_of_the_package(client, fields, error, code, param):
    with pytest.raises(error) as refused:
        create(client, **fields)
    assert (refused.value.code, refused.value.param) == (code, param)
    assert "\n" not in refused.value.message


def test_what_changes_nothing_is_ignored(client):
    tool = {"type": "function", "function": {"name": "search", "parameters": {}}}
    plain = create(client).choices[0].message.content
    more = create(
        client, tools=[tool], tool_choice="auto", n=1, user="나", presence_penalty=0, response_format={"type": "text"}
    )
    assert more.choices[0].message.content == plain
    assert create(client, model="gpt-4o").choices[0].message.content == plain


def test_a_short_limit_cuts_an_answer_off_and_a_stop_text_ends_it(client):
    whole = create(client).choices[0].message.content
    cut = create(client, max_tokens=7)
    assert cut.choices[0].finish_reason == "length" and cut.usage.completion_tokens == 7
    assert whole.startswith(cut.choices[0].message.content) and len(cut.choices[0].message.content) < len(whole)
    stopped = create(client, stop=["체크리스트", "없는 말"])
    assert stopped.choices[0].message.content.strip() == whole.partition("체크리스트")[0].strip()
    assert stopped.choices[0].finish_reason == "stop"
    chunks = create(client, stop="체크리스트", stream=True)
    assert text_of(chunks) == stopped.choices[0].message.content


def test_a_wrong_key_is_an_authentication_error(serve, raw_house):
    with serve(raw_house, api_key="right-key") as served:
        with openai.OpenAI(base_url=f"{served.address}/v1", api_key="right-key", max_retries=0) as client:
            assert create(client).choices[0].message.content
        with openai.OpenAI(base_url=f"{served.address}/v1", api_key="wrong-key", max_retries=0) as client:
            with pytest.raises(openai.AuthenticationError) as refused:
                create(client)
            assert refused.value.code == "invalid_api_key"
