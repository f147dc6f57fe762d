"""Rules of the operators on variables: CALL_ONCE, VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE."""

from tinsmith.importers._frame import Unsupported
from tinsmith.importers.tflite.use import Use


def call_once(use: Use) -> tuple[str, ...]:
    """Option 0: the subgraph that gives variables their first contents."""
    use.t.variables.initialise(use.t.first_contents(use.option(0, "<i")))
    return ()


def var_handle(use: Use) -> str:
    """Options 0 and 1: container and name of the variable that the result stands for."""
    options = use.operator.options
    container, name = (options.text(0), options.text(1)) if options else ("", "")
    use.t.variables.bind(use.result, f"{container}/{name}" if container else name)
    return ""


def read_variable(use: Use) -> str:
    """The content now."""
    variables = use.t.variables
    return variables.read(variables.resource(use.given(0)), use.wanted)


def assign_variable(use: Use) -> tuple[str, ...]:
    """Operand 1 is the content from now on."""
    if use.results:
        raise Unsupported("it has results")
    variables = use.t.variables
    variables.assign(variables.resource(use.given(0)), use.value(1))
    return ()
