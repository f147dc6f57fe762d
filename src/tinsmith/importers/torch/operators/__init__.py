"""Operations of aten, what each becomes: every module has a table TABLE, joined in `table.py`."""
