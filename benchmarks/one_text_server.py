"""What people write first: FastAPI over `pipeline()`, one text a request, nothing batched. The arm to compare with.

MODEL=runs/hate uvicorn benchmarks.one_text_server:app --port 8001
"""

import os

from fastapi import FastAPI
from pydantic import BaseModel
from transformers import pipeline

app = FastAPI()
classify = pipeline("text-classification", model=os.environ["MODEL"])


class Request(BaseModel):
    """A text."""

    text: str


@app.get("/ready")
def ready():
    return {}


@app.post("/predict")
def predict(request: Request):
    return classify(request.text, top_k=None, truncation=True)
