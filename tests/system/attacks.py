# SPDX-License-Identifier: Apache-2.0
"""What is expected of every attack, under every set of layers.

The columns are what confines the worker:

    root      nothing, and it is root: that the attacks are real
    off       sandbox = "off": another account than root's, limits, no new privileges, not dumpable
    landlock  that and Landlock alone
    seccomp   that and seccomp alone
    direct    all layers, but no broker: it connects by itself
    all       all layers

A cell is the outcome: "hit", the errno of the refusal, the signal that ended it, "deadline" (killed because it overran),
"exit_N" (left with that code), the cause of its end ("protocol", "bad_frame", "start"), "survived" (sent, but without
effect). `a|b`: either, as the kernel has it. `a/b`: started as root / by a plain user, whose processes all have one
account. "-": not run, because it takes long and shows nothing new. A word in brackets says why a hit is no harm; these are
the words under which README.md tells what remains open by design.
"""

import re

COLUMNS = ("root", "off", "landlock", "seccomp", "direct", "all")

TABLE = """
#                             root                off                 landlock            seccomp             direct              all
# files
read_shadow                   x x x x x x
read_secret                   x x x x x x
read_config                   x x x x x x
list_tmp                      x x x x x x
list_homes                    x x x x x x
read_kmsg                     x x x x x x
open_memory_device            x x x x x x
list_proc                     x x x x x x
supervisor_environ            x x x x x x
supervisor_maps               x x x x x x
supervisor_mem                x x x x x x
supervisor_fd                 x x x x x x
supervisor_cmdline            x x x x x x
front_mem                     x x x x x x
sibling_mem_read              x x x x x x
sibling_mem_write             x x x x x x
sibling_environ               x x x x x x
sibling_oom_score             x x x x x x
own_mem_write                 x x x x x x
own_descriptors               x x x x x x
reopen_log                    x x x x x x
reopen_data                   x x x x x x
write_kernel_setting          x x x x x x
open_terminals                x x x x x x
create                        x x x x x x
create_nameless               x x x x x x
open_to_write                 x x x x x x
open_to_append                x x x x x x
open_truncating               x x x x x x
write_file                    x x x x x x
truncate_file                 x x x x x x
unlink_file                   x x x x x x
rename_file                   x x x x x x
link_file                     x x x x x x
link_symbolically             x x x x x x
make_folder                   x x x x x x
remove_folder                 x x x x x x
make_fifo                     x x x x x x
change_mode                   x x x x x x
change_owner                  x x x x x x
change_times                  x x x x x x
change_attribute              x x x x x x
lock_file                     x x x x x x
look_at_names                 x x x x x x
watch_files                   x x x x x x
watch_file_system             x x x x x x
handle_of_file                x x x x x x
open_by_handle                x x x x x x
load_code                     x x x x x x
# processes
execute_shell                 x x x x x x
execute_su                    x x x x x x
execute_at                    x x x x x x
execute_memory                x x x x x x
fork_once                     x x x x x x
fork_by_clone3                x x x x x x
fork_into_namespace           x x x x x x
fork_bomb                     x x x x x x
thread_bomb                   x x x x x x
kill_supervisor               x x x x x x
kill_front                    x x x x x x
kill_sibling                  x x x x x x
kill_everybody                x x x x x x
tkill_sibling                 x x x x x x
tgkill_sibling                x x x x x x
queue_signal                  x x x x x x
signal_by_descriptor          x x x x x x
signal_by_socket              x x x x x x
signal_by_ioctl               x x x x x x
priority_of_sibling           x x x x x x
limits_of_sibling             x x x x x x
processors_of_sibling         x x x x x x
scheduler_of_sibling          x x x x x x
disk_priority_of_sibling      x x x x x x
trace_sibling                 x x x x x x
read_memory_of_sibling        x x x x x x
write_memory_of_sibling       x x x x x x
read_memory_of_supervisor     x x x x x x
steal_descriptor              x x x x x x
compare_with_sibling          x x x x x x
enter_namespace_of_supervisor x x x x x x
# network
connect_as_configured         x x x x x x
connect_to_port               x x x x x x
connect_to_host               x x x x x x
connect_to_socket             x x x x x x
connect_to_abstract           x x x x x x
ask_for_port                  x x x x x x
ask_for_host                  x x x x x x
ask_for_socket                x x x x x x
ask_for_name                  x x x x x x
connect_over_ipv6             x x x x x x
connect_by_sending            x x x x x x
connect_by_message            x x x x x x
connect_lazily                x x x x x x
connect_by_mptcp              x x x x x x
connect_by_sctp               x x x x x x
connect_again                 x x x x x x
send_datagram                 x x x x x x
send_raw                      x x x x x x
send_echo                     x x x x x x
capture                       x x x x x x
talk_to_kernel                x x x x x x
talk_to_hypervisor            x x x x x x
use_kernel_crypto             x x x x x x
receive_descriptor            x x x x x x
bind_port                     x x x x x x
bind_socket                   x x x x x x
listen_unbound                x x x x x x
# memory
take_heap                     x x x x x x
take_shared                   x x x x x x
take_shared_zero              x x x x x x
take_shared_by_reading        x x x x x x
take_stack                    x x x x x x
move_stack                    x x x x x x
take_memory_file              x x x x x x
take_secret_memory            x x x x x x
reserve                       x x x x x x
reserve_and_use               x x x x x x
lock_memory                   x x x x x x
take_descriptors              x x x x x x
take_pipes                    x x x x x x
enlarge_data_pipe             x x x x x x
take_timers                   x x x x x x
map_writable_code             x x x x x x
run_data                      x x x x x x
protect_with_key              x x x x x x
rewrite_code                  x x x x x x
map_code_of_file              x x x x x x
make_data_executable          x x x x x x
share_by_shm                  x x x x x x
share_by_messages             x x x x x x
share_by_semaphores           x x x x x x
share_by_queue                x x x x x x
# system calls that nobody needs
mount_something               x x x x x x
unmount_something             x x x x x x
change_root                   x x x x x x
exchange_root                 x x x x x x
copy_tree                     x x x x x x
open_file_system              x x x x x x
move_mount                    x x x x x x
enter_own_namespace           x x x x x x
new_user_namespace            x x x x x x
new_network                   x x x x x x
new_mounts                    x x x x x x
add_key                       x x x x x x
request_key                   x x x x x x
look_for_keys                 x x x x x x
load_program                  x x x x x x
count_events                  x x x x x x
make_ring                     x x x x x x
queue_transfers               x x x x x x
handle_faults                 x x x x x x
read_descriptor_table         x x x x x x
raise_io_level                x x x x x x
open_io_port                  x x x x x x
restart_machine               x x x x x x
load_kernel                   x x x x x x
load_module                   x x x x x x
load_module_file              x x x x x x
unload_module                 x x x x x x
swap_on                       x x x x x x
swap_off                      x x x x x x
account_processes             x x x x x x
read_kernel_log               x x x x x x
ask_for_quota                 x x x x x x
rename_machine                x x x x x x
rename_domain                 x x x x x x
set_time_zone                 x x x x x x
set_clock                     x x x x x x
bend_clock                    x x x x x x
type_for_others               x x x x x x
look_up_cookie                x x x x x x
order_memory                  x x x x x x
ask_for_random                x x x x x x
call_a_number_of_nothing      x x x x x x
call_as_i386                  x x x x x x
call_as_x32                   x x x x x x
# rights
become_root                   x x x x x x
become_group_root             x x x x x x
join_groups                   x x x x x x
act_as_root_on_files          x x x x x x
take_capabilities             x x x x x x
keep_capabilities             x x x x x x
set_secure_bits               x x x x x x
be_dumpable                   x x x x x x
outlive_supervisor            x x x x x x
adopt_orphans                 x x x x x x
allow_tracers                 x x x x x x
raise_limit                   x x x x x x
raise_limit_of_files          x x x x x x
raise_priority                x x x x x x
rename_itself                 x x x x x x
# time
loop                          x x x x x x
loop_deaf                     x x x x x x
loop_in_threads               x x x x x x
sleep_on                      x x x x x x
sleep_deaf                    x x x x x x
stop_itself                   x x x x x x
wait_for_reader               x x x x x x
# crashes
crash_address                 x x x x x x
crash_abort                   x x x x x x
crash_instruction             x x x x x x
crash_bus                     x x x x x x
crash_kill                    x x x x x x
crash_heap                    x x x x x x
crash_stack                   x x x x x x
leave_by_exit                 x x x x x x
leave_at_once                 x x x x x x
leave_by_quick_exit           x x x x x x
leave_with_a_lie              x x x x x x
leave_thread                  x x x x x x
unmap_everything              x x x x x x
# what a collector does to its own process
change_locale                 x x x x x x
change_environment            x x x x x x
change_folder                 x x x x x x
change_mask                   x x x x x x
handle_signals                x x x x x x
block_signals                 x x x x x x
ring_often                    x x x x x x
leave_handlers                x x x x x x
leave_thread_behind           x x x x x x
unblock_log                   x x x x x x
block_control                 x x x x x x
block_data                    x x x x x x
close_data                    x x x x x x
close_control                 x x x x x x
silence_data                  x x x x x x
shut_control                  x x x x x x
fill_control                  x x x x x x
write_nonsense                x x x x x x
write_to_log                  x x x x x x
flood_log                     x x x x x x
# while it is loaded
constructor_address           x x x x x x
constructor_execute           x x x x x x
constructor_exit              x x x x x x
constructor_loop              - x - - - x
constructor_read              x x x x x x
resolver_address              x x x x x x
resolver_execute              x x x x x x
resolver_exit                 x x x x x x
resolver_loop                 - x - - - x
resolver_read                 x x x x x x
# forged messages and frames
forger                        x x x x x x
liar                          x x x x x x
garbage                       x x x x x x
torn                          x x x x x x
half                          x x x x x x
smuggler                      x x x x x x
"""


class Attack:
    def __init__(self, name, cells, reason):
        self.name, self.reason = name, reason
        self.cells = dict(zip(COLUMNS, cells))

    def expected(self, column, as_root):
        """The outcomes that are allowed; None: it is not run."""
        cell = self.cells[column]
        if cell == "-":
            return None
        return set(cell.split("/")[0 if as_root or "/" not in cell else 1].split("|"))

    @property
    def plugin(self):
        if self.name.startswith(("constructor_", "resolver_")) or self.name in FORGERS:
            return self.name
        return "attacks_database" if self.name in NETWORK else "attacks"

    @property
    def interval(self):
        """Attacks take a moment; what shows a round later, or overruns, should not take long."""
        return "3s" if self.plugin.startswith("attacks") and self.name not in LASTING and "deadline" not in self.cells["all"] else "300ms"


def section(title):
    """Names of the attacks that stand under `# title` in the table."""
    text = TABLE.split(f"# {title}\n", 1)[1].split("\n#", 1)[0]
    return {line.split()[0] for line in text.splitlines() if line.strip()}


def parse():
    found = {}
    for line in TABLE.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        body, _, reason = line.partition("[")
        name, *cells = body.split()
        assert len(cells) == len(COLUMNS) and name not in found, line
        assert re.fullmatch(r"[a-z0-9_]{1,31}", name), line
        found[name] = Attack(name, cells, reason.rstrip("]").strip())
    return found


FORGERS = section("forged messages and frames")
NETWORK = section("network")
LASTING = section("what a collector does to its own process")
ATTACKS = parse()
