"""The walls of the house: who includes whom, what each built program can reach, and how big a thing may get.

The folder is the process, so the includes and the dynamic section of each file show what a process can touch.
"""

import ast
import os
import re
import subprocess

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.environ.get("MINOTOR_SOURCE") or os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("MINOTOR_BUILD") or SOURCE

FILE_LINES_MAX = 800
FUNCTION_LINES_MAX = 100
MAIN_LINES_MAX = 60

# Folder of core -> what it may include besides itself: folders, or single headers.
MAY_INCLUDE = {
    "common": [],
    "supervisor": ["common/"],
    "worker": ["common/", "api/client.h", "database/driver.h", "minotor/"],
    "api": ["common/"],
    "database": ["common/", "minotor/"],
    "front": ["common/"],
    "broker": ["common/"],
    "control": ["common/"],
}

# Header that is not of the C library -> the only folders that may include it.
LIBRARY_HEADERS = {
    "libconfig.h": ["core/supervisor"],
    "microhttpd.h": ["core/front"],
    "zlib.h": ["core/front"],
    "libpq-fe.h": ["core/database"],
    "dlfcn.h": ["core/worker"],
    "minotor/": ["core/worker", "core/database", "collectors"],
    "curl/": ["core/api"],
    "jansson.h": ["core/api", "core/supervisor", "collectors/usage"],
    "mysql": ["core/database"],
    "mariadb": ["core/database"],
    "seccomp.h": ["core/common"],
    "cap-ng.h": ["core/common"],
}

# What a collector may include: the installed header and ISO C. It lives in a sandbox that it knows nothing of.
ISO_C = """assert ctype errno float inttypes limits math stdalign stdarg stdbool stddef stdint stdio stdlib
stdnoreturn string time""".split()

C_LIBRARY = {"libc.so.6", "libm.so.6", "libdl.so.2", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "libgcc_s.so.1"}
C_LIBRARY_OF_SANITIZERS = {"libresolv.so.2", "libpthread.so.0", "librt.so.1"}
SANITIZERS = re.compile(r"lib([alut]|ub)san\.so")
INSTRUMENTATION = re.compile(r"_*(asan|ubsan|lsan|sanitizer|sancov)_")

# Built file -> libraries it may name besides the C library's, and whether it may dlopen.
PROGRAMS = {
    "core/supervisor/minotord": (["libconfig.so", "libjansson.so"], False),
    "core/worker/minotor-worker": (["libseccomp.so", "libcap-ng.so"], True),
    "core/front/minotor-front": (["libmicrohttpd.so", "libz.so", "libseccomp.so", "libcap-ng.so"], False),
    "core/broker/minotor-broker": (["libseccomp.so", "libcap-ng.so"], False),
}
FOREIGN_LIBRARIES = ["libpq.so", "libmicrohttpd.so", "libconfig.so", "libcurl", "libjansson.so", "libmariadb", "libmysqlclient"]


def module_path(folder, name):
    return os.path.join(folder, ".libs", name + ".so")


COLLECTORS = sorted(
    name for name in os.listdir(os.path.join(SOURCE, "collectors"))
    # A tree that is built in itself also has .deps and .libs there.
    if os.path.isdir(os.path.join(SOURCE, "collectors", name)) and not name.startswith("."))
MODULES = {module_path(f"collectors/{name}", name): ([], {"minotor_collector"}) for name in COLLECTORS}
MODULES[module_path("core/database", "postgresql")] = (["libpq.so"], None)
MODULES[module_path("core/database", "mysql")] = (["libmariadb.so"], None)
MODULES[module_path("collectors/usage", "usage")] = (["libjansson.so"], {"minotor_collector"})
MODULES[module_path("core/api", "api")] = (["libcurl.so", "libjansson.so"], {"minotor_api_client"})


def sources(top, endings):
    """Paths relative to the source tree, of files below `top` that we wrote."""
    found = []
    for folder, folders, names in os.walk(os.path.join(SOURCE, top)):
        folders[:] = [name for name in folders if not name.startswith(".") and name != "__pycache__"]
        found += [os.path.relpath(os.path.join(folder, name), SOURCE) for name in names if name.endswith(endings)]
    return sorted(path for path in found if path != "core/common/version.h")


def lines(path):
    with open(os.path.join(SOURCE, path), encoding="utf-8") as file:
        return file.read().splitlines()


def includes(path):
    """Yields (line number, bracket, name) of each #include."""
    for number, line in enumerate(lines(path), 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if found:
            yield number, found.group(1), found.group(2)


def is_allowed(name, rules):
    """A rule that ends in a slash stands for everything below it."""
    return any(name == rule or rule.endswith("/") and name.startswith(rule) for rule in rules)


def tool(*command):
    environment = dict(os.environ, LC_ALL="C")
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout


def built(path):
    full = os.path.join(BUILD, path)
    assert os.path.exists(full), f"{full} has not been built"
    return full


def needed(path):
    return re.findall(r"\(NEEDED\).*\[(.*)\]", tool("readelf", "-d", built(path)))


def undefined(path):
    """Names of dynamic symbols, as `name@version` where a version is bound."""
    return [line.split()[-1] for line in tool("nm", "-D", "--undefined-only", built(path)).splitlines()]


def is_instrumented(path):
    return any(INSTRUMENTATION.match(name.split("@")[0]) for name in undefined(path)) or "__asan_init" in tool(
        "nm", "-D", built(path))


def unexpected_libraries(path, allowed):
    system = C_LIBRARY | C_LIBRARY_OF_SANITIZERS if is_instrumented(path) else C_LIBRARY
    return [name for name in needed(path)
            if name not in system and not SANITIZERS.match(name)
            and not any(name.startswith(prefix) for prefix in allowed)]


FOLDERS = sorted({path.split("/")[1] for path in sources("core", (".c", ".h"))})


# ------------------------------------------------------------------------------------------------ includes

@pytest.mark.parametrize("folder", FOLDERS)
def test_folder_of_core_includes_only_what_it_may(folder):
    allowed = MAY_INCLUDE.get(folder, []) + [folder + "/"]
    wrong = [f'{path}:{number}: "{name}"'
             for path in sources(f"core/{folder}", (".c", ".h"))
             for number, bracket, name in includes(path)
             if bracket == '"' and not is_allowed(name, allowed)]
    assert wrong == []


def test_every_folder_of_core_has_a_rule():
    assert set(FOLDERS) <= set(MAY_INCLUDE)


@pytest.mark.parametrize("header", sorted(LIBRARY_HEADERS))
def test_library_is_included_only_where_it_belongs(header):
    wrong = [f"{path}:{number}: <{name}>"
             for path in sources("core", (".c", ".h")) + sources("collectors", (".c", ".h"))
             for number, _, name in includes(path)
             if name.startswith(header) and not is_allowed(path, [folder + "/" for folder in LIBRARY_HEADERS[header]])]
    assert wrong == []


@pytest.mark.parametrize("collector", COLLECTORS)
def test_collector_includes_only_the_interface_iso_c_and_its_own_libraries(collector):
    libraries = [name for name, folders in LIBRARY_HEADERS.items() if f"collectors/{collector}" in folders]
    shared = [path for path in sources("collectors", (".c", ".h")) if path.count("/") == 1]
    own = {os.path.basename(path) for path in sources(f"collectors/{collector}", (".h",)) + shared}
    wrong = [f"{path}:{number}: {name}"
             for path in sources(f"collectors/{collector}", (".c", ".h")) + shared
             for number, bracket, name in includes(path)
             if not (name.startswith("minotor/") or bracket == '"' and name in own or name in libraries
                     or bracket == "<" and name.removesuffix(".h") in ISO_C)]
    assert wrong == []


def test_installed_header_needs_nothing_of_core():
    wrong = [f"{path}:{number}: {name}"
             for path in sources("include", (".h",))
             for number, _, name in includes(path)
             if not (name.startswith("minotor/") or name.removesuffix(".h") in ISO_C)]
    assert wrong == []


# ------------------------------------------------------------------------------------------ what is linked

@pytest.mark.parametrize("program", sorted(PROGRAMS))
def test_program_links_only_what_its_process_may_touch(program):
    allowed, _ = PROGRAMS[program]
    assert unexpected_libraries(program, allowed) == []


@pytest.mark.parametrize("program", sorted(PROGRAMS))
def test_program_does_not_reach_foreign_libraries_through_others(program):
    allowed, _ = PROGRAMS[program]
    reached = tool("ldd", built(program))
    assert "not found" not in reached
    assert [name for name in FOREIGN_LIBRARIES if name in reached and name not in allowed] == []


@pytest.mark.parametrize("program", sorted(name for name, (_, loads) in PROGRAMS.items() if not loads))
def test_program_cannot_load_plugins(program):
    if is_instrumented(program):
        pytest.skip("the sanitizers' runtime itself calls dlopen")
    assert [name for name in undefined(program) if re.match(r"dl(open|mopen|sym)\b", name)] == []


def test_only_the_front_links_libmicrohttpd():
    files = sorted(PROGRAMS) + sorted(MODULES)
    assert [path for path in files if any(name.startswith("libmicrohttpd") for name in needed(path))] == [
        "core/front/minotor-front"]


def test_only_the_driver_links_libpq():
    files = sorted(PROGRAMS) + sorted(MODULES)
    assert [path for path in files if any(name.startswith("libpq") for name in needed(path))] == [
        module_path("core/database", "postgresql")]


def test_only_the_driver_links_libmariadb():
    files = sorted(PROGRAMS) + sorted(MODULES)
    assert [path for path in files if any(name.startswith("libmariadb") for name in needed(path))] == [
        module_path("core/database", "mysql")]


def test_only_the_api_module_links_libcurl():
    files = sorted(PROGRAMS) + sorted(MODULES)
    assert [path for path in files if any(name.startswith("libcurl") for name in needed(path))] == [
        module_path("core/api", "api")]


def test_who_links_jansson():
    """One reads what Mattermost answers, one a licence, one config.json."""
    files = sorted(PROGRAMS) + sorted(MODULES)
    assert [path for path in files if any(name.startswith("libjansson") for name in needed(path))] == [
        path for path in files if path in (module_path("collectors/usage", "usage"), "core/supervisor/minotord",
                                           module_path("core/api", "api"))]


def test_the_worker_exports_what_libraries_are_to_find_in_it():
    """Three functions, in place of the C library's; anything more would be an interface to plugins."""
    exported = {line.split()[-1].split("@")[0]
                for line in tool("nm", "-D", "--defined-only", built("core/worker/minotor-worker")).splitlines()}
    exported = {name for name in exported if not INSTRUMENTATION.match(name)}
    assert {"connect", "getaddrinfo", "freeaddrinfo"} <= exported
    if not is_instrumented("core/worker/minotor-worker"):
        assert exported == {"connect", "getaddrinfo", "freeaddrinfo"}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_module_links_only_what_it_may(module):
    allowed, _ = MODULES[module]
    assert unexpected_libraries(module, allowed) == []


@pytest.mark.parametrize("module", sorted(MODULES))
def test_module_exports_one_function(module):
    _, expected = MODULES[module]
    exported = {line.split()[-1].split("@")[0]
                for line in tool("nm", "-D", "--defined-only", built(module)).splitlines()}
    exported = {name for name in exported if not INSTRUMENTATION.match(name)}
    assert len(exported) == 1
    assert expected is None or exported == expected


@pytest.mark.parametrize("module", sorted(path for path in MODULES if path.startswith("collectors/")))
def test_collector_takes_nothing_from_its_host(module):
    toolchain = {"__gmon_start__", "_ITM_deregisterTMCloneTable", "_ITM_registerTMCloneTable", "__cxa_finalize"}
    ours = [name for name in undefined(module)
            if "@GLIBC_" not in name and "@GCC_" not in name and name not in toolchain
            and not INSTRUMENTATION.match(name) and not any(f"@{library}" in name for library in MODULES[module][0])]
    assert ours == []


# -------------------------------------------------------------------------------------------------- sizes

WRITTEN = [("core", (".c", ".h")), ("collectors", (".c", ".h")), ("include", (".h",)), ("tests", (".c", ".h", ".py"))]


def c_functions(path):
    """Yields (name, first line, number of lines). Our style puts a function's braces, and only those, at column 0."""
    text = lines(path)
    for number, line in enumerate(text):
        if line == "{":
            end = text.index("}", number)
            head = number
            while head and text[head - 1].strip() and not text[head - 1].endswith((";", "}", "*/")):
                head -= 1
            name = re.search(r"(\w+)\s*\(", " ".join(text[head:number]))
            yield (name.group(1) if name else "?"), head + 1, end - head + 1


def python_functions(path):
    tree = ast.parse("\n".join(lines(path)))
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno - node.lineno + 1


@pytest.mark.parametrize("folder, endings", WRITTEN, ids=[folder for folder, _ in WRITTEN])
def test_no_file_is_too_long(folder, endings):
    too_long = [f"{path}: {len(lines(path))} lines" for path in sources(folder, endings)
                if len(lines(path)) > FILE_LINES_MAX]
    assert too_long == []


@pytest.mark.parametrize("folder, endings", WRITTEN, ids=[folder for folder, _ in WRITTEN])
def test_no_function_is_too_long(folder, endings):
    too_long = []
    for path in sources(folder, endings):
        functions = python_functions(path) if path.endswith(".py") else c_functions(path)
        for name, first, count in functions:
            if count > (MAIN_LINES_MAX if name == "main" else FUNCTION_LINES_MAX):
                too_long.append(f"{path}:{first}: {name}() has {count} lines")
    assert too_long == []


def test_the_measure_of_functions_sees_functions():
    """A ruler that finds nothing would pass everything."""
    counted = sum(1 for path in sources("core", (".c",)) for _ in c_functions(path))
    heads = sum(1 for path in sources("core", (".c",)) for line in lines(path) if line == "{")
    assert counted == heads and counted > 50


# ------------------------------------------------------------------------------------------------- the tests

def test_every_test_is_run():
    """A file that no list names would pass for ever."""
    lists = ("tests/local.mk", "tests/bench/local.mk")
    listed = [word for path in lists for line in lines(path) for word in line.split()]
    written = [path for path in sources("tests", (".c", ".py")) if os.path.basename(path).startswith("test_")]
    assert [path for path in written if path.removesuffix(".c") not in listed] == []
