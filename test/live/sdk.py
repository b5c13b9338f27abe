"""What Anthropic's Python SDK makes of a proxy at ANTHROPIC_BASE_URL, as JSON, for the model named by the argument."""

import json
import sys

import anthropic

client = anthropic.Anthropic(max_retries=0)
ask = {
    "model": sys.argv[1],
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "Write one sentence about a cat."}],
    # The most likely words, so that runs differ as little as they can. The SDK no longer names it.
    "extra_body": {"temperature": 0},
}

created = client.messages.create(**ask)

with client.messages.stream(**ask) as stream:
    texts = list(stream.text_stream)
    streamed = stream.get_final_message()

raw = [event.type for event in client.messages.create(**ask, stream=True)]

try:
    client.messages.create(**{**ask, "model": "nobody-routes-this"})
    refused = None
except anthropic.NotFoundError as error:
    refused = [error.status_code, error.body]

try:
    anthropic.Anthropic(api_key="wrong", max_retries=0).messages.create(**ask)
    rejected = None
except anthropic.AuthenticationError as error:
    rejected = error.status_code

print(
    json.dumps(
        {
            "created": created.to_dict(),
            "texts": texts,
            "streamed": streamed.to_dict(),
            "raw": raw,
            "count": client.messages.count_tokens(model=ask["model"], messages=ask["messages"]).input_tokens,
            "models": [model.id for model in client.models.list()],
            "model": client.models.retrieve(ask["model"]).id,
            "refused": refused,
            "rejected": rejected,
        }
    )
)
