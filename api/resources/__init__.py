"""What the API takes and gives, as pydantic models. The OpenAPI document is generated from them."""
