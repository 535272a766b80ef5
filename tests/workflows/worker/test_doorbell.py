"""The task is a thin wrapper: it is all in its source."""

import ast
import inspect

from workflows.worker import doorbell


def test_the_body_of_the_task_is_at_most_ten_lines() -> None:
    tree = ast.parse(inspect.getsource(doorbell))
    [task] = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.decorator_list and node.name == "run"
    ]
    assert task.end_lineno is not None
    assert task.end_lineno - task.body[0].lineno + 1 <= 10
