"""The template in the languages of other programs, so that they write prompts as step 05 does.

The model answers one question, without the messages before it. The last user message is the question, and a system
message, if there is one, is the document to answer from. For a model that summarises, the user message is the document.
"""

import json

from corpus.template import BOS, EOS, MARKERS, Template

JINJA = """\
{{#- The question (or document) as the samples have it. Markers in a message become harmless, so that it cannot
forge one; unlike step 05 nothing else of it is cleaned: no NFC, no other spelling of labels. -#}}
{{%- set form = namespace(user='', system='') -%}}
{{%- for message in messages -%}}
{{%- set text = (message['content'] or '') | trim{neutralize} -%}}
{{%- if message['role'] == 'user' -%}}
{{%- set form.user = text -%}}
{{%- elif message['role'] == 'system' -%}}
{{%- set form.system = text -%}}
{{%- endif -%}}
{{%- if loop.last and message['role'] == 'assistant' -%}}
{{%- set form.answer = text -%}}
{{%- endif -%}}
{{%- endfor -%}}
{prompt}
{{%- if form.answer -%}}
{{{{- {answer_start} + form.answer + {answer_end} -}}}}
{{%- elif add_generation_prompt -%}}
{{{{- {answer_start} -}}}}
{{%- endif -%}}
"""

# For the last message, the slice that begins with it has one element. Ollama itself adds [BOS].
OLLAMA = """\
{{{{- range $i, $_ := .Messages }}}}
{{{{- if and (eq .Role "user") (eq (len (slice $.Messages $i)) 1) -}}}}
{prompt}{{{{ end }}}}
{{{{- end }}}}"""


def write_jinja(template: Template) -> str:
    """A chat template for transformers, vLLM, MLX and llama.cpp: `Template.write_prompt` after [BOS].

    An assistant message at the end of the chat is written as an answer with its end, as in a sample.
    """
    question, document = ("user", "system") if template.question else ("", "user")
    prompt = f"{{{{- {_quote(BOS)} -}}}}"
    if question:
        prompt += "\n{{- " + _jinja_sum(template.question, "{question}", f"form.{question}") + " -}}"
    prompt += f"\n{{%- if form.{document} -%}}"
    prompt += "\n{{- " + _jinja_sum(template.document, "{document}", f"form.{document}") + " -}}\n{%- endif -%}"
    return JINJA.format(
        neutralize="".join(f" | replace('{marker}', '［{marker[1:-1]}］')" for marker in MARKERS),
        prompt=prompt,
        answer_start=_quote(template.answer_start),
        answer_end=_quote(template.answer_end + EOS),
    )


def write_ollama(template: Template) -> str:
    """A template for Ollama, whose language cannot replace text: markers in a question remain markers."""
    if not template.question:
        return OLLAMA.format(prompt=template.document.replace("{document}", "{{ .Content }}") + template.answer_start)
    document = template.document.replace("{document}", "{{ $.System }}")
    question = template.question.replace("{question}", "{{ .Content }}")
    return OLLAMA.format(prompt=f"{question}{{{{ if $.System }}}}{document}{{{{ end }}}}{template.answer_start}")


def _jinja_sum(text: str, placeholder: str, variable: str) -> str:
    """`text` as an expression, with a variable instead of the placeholder: 'a{x}b' -> "a" + x + "b"."""
    before, after = text.split(placeholder)
    return f"{_quote(before)} + {variable} + {_quote(after)}"


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
