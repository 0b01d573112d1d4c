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
read_shadow                   hit                 EACCES              EACCES              EACCES              EACCES              EACCES
read_secret                   hit                 hit                 EACCES              hit                 EACCES              EACCES
read_config                   hit                 EACCES/hit          EACCES              EACCES/hit          EACCES              EACCES
list_tmp                      hit                 hit                 EACCES              hit                 EACCES              EACCES
list_homes                    hit                 hit                 EACCES              hit                 EACCES              EACCES
read_kmsg                     hit                 hit|EPERM           EACCES              hit|EPERM           EACCES              EACCES
open_memory_device            ENOENT|EPERM|hit    ENOENT|EACCES       ENOENT|EACCES       ENOENT|EACCES       ENOENT|EACCES       ENOENT|EACCES
list_proc                     hit                 hit                 EACCES              hit                 EACCES              EACCES
supervisor_environ            hit                 EACCES              EACCES              EACCES              EACCES              EACCES
supervisor_maps               hit                 EACCES              EACCES              EACCES              EACCES              EACCES
supervisor_mem                hit                 EACCES              EACCES              EACCES              EACCES              EACCES
supervisor_fd                 hit                 EACCES              EACCES              EACCES              EACCES              EACCES
supervisor_cmdline            hit                 hit                 EACCES              hit                 EACCES              EACCES
front_mem                     hit                 EACCES              EACCES              EACCES              EACCES              EACCES
sibling_mem_read              hit                 EACCES              EACCES              EACCES              EACCES              EACCES
sibling_mem_write             hit                 EACCES              EACCES              EROFS               EROFS               EROFS
sibling_environ               hit                 EACCES              EACCES              EACCES              EACCES              EACCES
sibling_oom_score             hit                 EACCES              EACCES              EROFS               EROFS               EROFS
own_mem_write                 hit                 EACCES              EACCES              EROFS               EROFS               EROFS
own_descriptors               hit                 hit                 EACCES              hit                 EACCES              EACCES
reopen_log                    hit                 EACCES/hit          EACCES/hit          EACCES/hit          EACCES/hit          EACCES/hit [own process]
reopen_data                   hit                 EACCES/hit          EACCES/hit          EACCES/hit          EACCES/hit          EACCES/hit [own process]
write_kernel_setting          hit                 EACCES              EACCES              EROFS               EROFS               EROFS
open_terminals                hit                 hit                 EACCES              EROFS               EROFS               EROFS
create                        hit                 hit                 EACCES              EROFS               EROFS               EROFS
create_nameless               hit                 hit                 EACCES              EROFS               EROFS               EROFS
open_to_write                 hit                 hit                 EACCES              EROFS               EROFS               EROFS
open_to_append                hit                 hit                 EACCES              EROFS               EROFS               EROFS
open_truncating               hit                 hit                 EACCES              ENOSYS              ENOSYS              ENOSYS
write_file                    EFBIG               EFBIG               EACCES              EROFS               EROFS               EROFS
truncate_file                 hit                 hit                 EACCES              EPERM               EPERM               EPERM
unlink_file                   hit                 hit                 EACCES              EPERM               EPERM               EPERM
rename_file                   hit                 hit                 EACCES              EPERM               EPERM               EPERM
link_file                     hit                 hit                 EACCES              EPERM               EPERM               EPERM
link_symbolically             hit                 hit                 EACCES              EPERM               EPERM               EPERM
make_folder                   hit                 hit                 EACCES              EPERM               EPERM               EPERM
remove_folder                 hit                 hit                 EACCES              EPERM               EPERM               EPERM
make_fifo                     hit                 hit                 EACCES              EPERM               EPERM               EPERM
change_mode                   hit                 hit                 hit                 EPERM               EPERM               EPERM
change_owner                  hit                 hit                 hit                 EPERM               EPERM               EPERM
change_times                  hit                 hit                 hit                 EPERM               EPERM               EPERM
change_attribute              hit                 hit                 hit                 EPERM               EPERM               EPERM
lock_file                     hit                 hit                 EACCES              ENOSYS              EACCES              EACCES
look_at_names                 hit                 hit                 hit                 hit                 hit                 hit [names]
watch_files                   hit                 hit                 hit                 ENOSYS              ENOSYS              ENOSYS
watch_file_system             hit                 hit                 hit                 SIGSYS              SIGSYS              SIGSYS
handle_of_file                hit                 hit                 hit                 ENOSYS              ENOSYS              ENOSYS
open_by_handle                hit                 EPERM               EPERM               SIGSYS              SIGSYS              SIGSYS
load_code                     hit                 hit                 EACCES              hit                 EACCES              EACCES
# processes
execute_shell                 hit|EAGAIN          hit|EAGAIN          EACCES              SIGSYS              SIGSYS              SIGSYS
execute_su                    exit_1|EAGAIN       exit_1|EAGAIN       EACCES              SIGSYS              SIGSYS              SIGSYS
execute_at                    hit|EAGAIN          hit|EAGAIN          EACCES              SIGSYS              SIGSYS              SIGSYS
execute_memory                EFBIG               EFBIG               EFBIG               SIGSYS              SIGSYS              SIGSYS
fork_once                     hit|EAGAIN          hit|EAGAIN          hit|EAGAIN          EPERM               EPERM               EPERM
fork_by_clone3                hit|EAGAIN          hit|EAGAIN          hit|EAGAIN          ENOSYS              ENOSYS              ENOSYS
fork_into_namespace           hit|EAGAIN          hit|EAGAIN          hit|EAGAIN          EPERM               EPERM               EPERM
fork_bomb                     hit|EAGAIN          hit|EAGAIN          hit|EAGAIN          EPERM               EPERM               EPERM
thread_bomb                   hit                 EAGAIN              EAGAIN              EAGAIN              EAGAIN              EAGAIN
kill_supervisor               hit                 EPERM/hit           EPERM               EPERM               EPERM               EPERM
kill_front                    hit                 hit                 EPERM               EPERM               EPERM               EPERM
kill_sibling                  hit                 hit                 EPERM               EPERM               EPERM               EPERM
kill_everybody                hit                 hit                 hit                 EPERM               EPERM               EPERM
tkill_sibling                 hit                 hit                 EPERM               EPERM               EPERM               EPERM
tgkill_sibling                hit                 hit                 EPERM               EPERM               EPERM               EPERM
queue_signal                  hit                 hit                 EPERM               EPERM               EPERM               EPERM
signal_by_descriptor          hit                 hit                 EPERM               EPERM               EPERM               EPERM
signal_by_socket              hit                 hit                 survived            ENOSYS              ENOSYS              ENOSYS
signal_by_ioctl               hit                 hit                 hit                 ENOSYS              ENOSYS              ENOSYS
priority_of_sibling           hit                 hit                 hit                 ENOSYS              ENOSYS              ENOSYS
limits_of_sibling             hit                 hit                 hit                 ENOSYS              ENOSYS              ENOSYS
processors_of_sibling         hit                 hit                 hit                 EPERM               EPERM               EPERM
scheduler_of_sibling          hit                 hit                 hit                 EPERM               EPERM               EPERM
disk_priority_of_sibling      hit                 hit                 hit                 ENOSYS              ENOSYS              ENOSYS
trace_sibling                 hit                 EPERM               EPERM               SIGSYS              SIGSYS              SIGSYS
read_memory_of_sibling        hit                 EPERM               EPERM               SIGSYS              SIGSYS              SIGSYS
write_memory_of_sibling       hit                 EPERM               EPERM               SIGSYS              SIGSYS              SIGSYS
read_memory_of_supervisor     hit                 EPERM               EPERM               SIGSYS              SIGSYS              SIGSYS
steal_descriptor              hit                 EPERM               EPERM               EPERM               EPERM               EPERM
compare_with_sibling          hit                 EPERM               EPERM               SIGSYS              SIGSYS              SIGSYS
enter_namespace_of_supervisor hit                 EPERM               EPERM               EPERM               EPERM               EPERM
# network
connect_as_configured         hit                 hit                 hit                 hit                 hit                 hit [own session]
connect_many                  hit                 hit                 hit                 hit                 hit                 ECONNREFUSED
connect_unread                EBADF|ENOTSOCK      EBADF|ENOTSOCK      EBADF|ENOTSOCK      EBADF|ENOTSOCK      EBADF|ENOTSOCK      ECONNREFUSED
connect_to_port               hit                 hit                 EACCES              hit                 EACCES              EACCES
connect_to_host               hit                 hit                 hit                 hit                 hit                 EACCES
connect_to_socket             hit                 hit                 hit                 hit                 hit                 EACCES
connect_to_abstract           hit                 hit                 EPERM               hit                 EPERM               EACCES
ask_for_port                  hit                 hit                 EACCES              hit                 EACCES              EACCES
ask_for_host                  hit                 hit                 hit                 hit                 hit                 EACCES
ask_for_socket                hit                 hit                 hit                 hit                 hit                 EACCES
ask_for_name                  hit                 hit                 hit                 hit                 hit                 ENOENT
connect_over_ipv6             hit|EAFNOSUPPORT hit|EAFNOSUPPORT EACCES              hit|EAFNOSUPPORT EACCES              EACCES
connect_by_sending            hit                 hit                 hit                 ENOSYS              ENOSYS              ENOSYS
connect_by_message            hit                 hit                 hit                 ENOSYS              ENOSYS              ENOSYS
connect_lazily                hit                 hit                 EACCES              hit                 EACCES              EACCES
connect_by_mptcp              hit|EAFNOSUPPORT hit|EAFNOSUPPORT hit|EAFNOSUPPORT ENOSYS              ENOSYS              ENOSYS
connect_by_sctp               hit|EPROTONOSUPPORT hit|EPROTONOSUPPORT hit|EPROTONOSUPPORT ENOSYS              ENOSYS              ENOSYS
connect_again                 hit                 hit                 EACCES              hit                 EACCES              EACCES
send_datagram                 hit                 hit                 hit                 hit                 hit                 EAFNOSUPPORT
send_raw                      hit                 EPERM               EPERM               ENOSYS              ENOSYS              ENOSYS
send_echo                     EACCES              EACCES              EACCES              ENOSYS              ENOSYS              EAFNOSUPPORT
capture                       hit                 EPERM               EPERM               EAFNOSUPPORT        EAFNOSUPPORT        EAFNOSUPPORT
talk_to_kernel                hit                 hit                 hit                 EAFNOSUPPORT        EAFNOSUPPORT        EAFNOSUPPORT
talk_to_hypervisor            hit|EAFNOSUPPORT hit|EAFNOSUPPORT hit|EAFNOSUPPORT EAFNOSUPPORT        EAFNOSUPPORT        EAFNOSUPPORT
use_kernel_crypto             hit|EAFNOSUPPORT    hit|EAFNOSUPPORT    hit|EAFNOSUPPORT    EAFNOSUPPORT        EAFNOSUPPORT        EAFNOSUPPORT
receive_descriptor            hit                 hit                 hit                 hit                 hit                 EACCES
bind_port                     hit                 hit                 EACCES              EPERM               EPERM               EPERM
bind_socket                   hit                 hit                 EACCES              EPERM               EPERM               EPERM
listen_unbound                hit                 hit                 hit                 EPERM               EPERM               EPERM
# memory
take_heap                     ENOMEM              ENOMEM              ENOMEM              ENOMEM              ENOMEM              ENOMEM
take_shared                   ENOMEM              ENOMEM              ENOMEM              ENOSYS              ENOSYS              ENOSYS
take_shared_zero              ENOMEM              ENOMEM              EACCES              EROFS               EROFS               EROFS
take_shared_by_reading        ENOMEM              ENOMEM              EACCES              ENOMEM              EACCES              EACCES
take_stack                    ENOMEM              ENOMEM              ENOMEM              ENOMEM              ENOMEM              ENOMEM
move_stack                    ENOMEM              ENOMEM              ENOMEM              ENOMEM              ENOMEM              ENOMEM
take_memory_file              EFBIG               EFBIG               EFBIG               SIGSYS              SIGSYS              SIGSYS
take_secret_memory            hit|EPERM|ENOSYS    hit|EPERM|ENOSYS    hit|EPERM|ENOSYS    SIGSYS              SIGSYS              SIGSYS
reserve                       ENOMEM              ENOMEM              ENOMEM              ENOMEM              ENOMEM              ENOMEM
reserve_and_use               ENOMEM              ENOMEM              ENOMEM              ENOMEM              ENOMEM              ENOMEM
lock_memory                   hit                 EPERM               EPERM               ENOSYS              ENOSYS              ENOSYS
take_descriptors              EMFILE              EMFILE              EMFILE              EMFILE              EMFILE              EMFILE
take_pipes                    EMFILE              EMFILE              EMFILE              ENOSYS              ENOSYS              ENOSYS
enlarge_data_pipe             hit                 hit                 hit                 ENOSYS              ENOSYS              ENOSYS
take_timers                   hit                 hit                 hit                 ENOSYS              ENOSYS              ENOSYS
map_writable_code             hit                 hit                 hit                 ENOSYS              ENOSYS              ENOSYS
run_data                      hit                 hit                 hit                 ENOSYS              ENOSYS              ENOSYS
protect_with_key              hit                 hit                 hit                 ENOSYS              ENOSYS              ENOSYS
rewrite_code                  hit                 hit                 hit                 ENOSYS              ENOSYS              ENOSYS
map_code_of_file              hit                 hit                 EACCES              hit                 EACCES              EACCES
make_data_executable          hit                 hit                 hit                 SIGSYS              SIGSYS              SIGSYS
share_by_shm                  hit                 hit                 hit                 ENOSYS              ENOSYS              ENOSYS
share_by_messages             hit                 hit                 hit                 ENOSYS              ENOSYS              ENOSYS
share_by_semaphores           hit                 hit                 hit                 ENOSYS              ENOSYS              ENOSYS
share_by_queue                EMFILE              EMFILE              EMFILE              ENOSYS              ENOSYS              ENOSYS
# system calls that nobody needs
mount_something               hit                 EPERM               EPERM               SIGSYS              SIGSYS              SIGSYS
unmount_something             hit                 EPERM               EPERM               SIGSYS              SIGSYS              SIGSYS
change_root                   hit                 EPERM               EPERM               SIGSYS              SIGSYS              SIGSYS
exchange_root                 hit                 EPERM               EPERM               SIGSYS              SIGSYS              SIGSYS
copy_tree                     hit                 EPERM               EPERM               SIGSYS              SIGSYS              SIGSYS
open_file_system              hit                 EPERM               EPERM               SIGSYS              SIGSYS              SIGSYS
move_mount                    hit                 EPERM               EPERM               SIGSYS              SIGSYS              SIGSYS
enter_own_namespace           hit                 EPERM               EPERM               SIGSYS              SIGSYS              SIGSYS
new_user_namespace            hit|EPERM|ENOSYS    hit|EPERM|ENOSYS    hit|EPERM|ENOSYS    SIGSYS              SIGSYS              SIGSYS
new_network                   hit                 EPERM               EPERM               SIGSYS              SIGSYS              SIGSYS
new_mounts                    hit                 EPERM               EPERM               SIGSYS              SIGSYS              SIGSYS
add_key                       hit                 hit                 hit                 SIGSYS              SIGSYS              SIGSYS
request_key                   hit                 hit                 hit                 SIGSYS              SIGSYS              SIGSYS
look_for_keys                 hit                 hit                 hit                 SIGSYS              SIGSYS              SIGSYS
load_program                  hit                 EPERM               EPERM               SIGSYS              SIGSYS              SIGSYS
count_events                  hit|EPERM|ENOSYS    hit|EPERM|ENOSYS    hit|EPERM|ENOSYS    SIGSYS              SIGSYS              SIGSYS
make_ring                     hit|EPERM|ENOSYS    ENOMEM              ENOMEM              SIGSYS              SIGSYS              SIGSYS
queue_transfers               hit                 hit                 hit                 ENOSYS              ENOSYS              ENOSYS
handle_faults                 hit|EPERM|ENOSYS    hit|EPERM|ENOSYS    hit|EPERM|ENOSYS    SIGSYS              SIGSYS              SIGSYS
read_descriptor_table         hit                 hit                 hit                 SIGSYS              SIGSYS              SIGSYS
raise_io_level                hit|ENOSYS|EPERM    EPERM|ENOSYS        EPERM|ENOSYS        SIGSYS              SIGSYS              SIGSYS
open_io_port                  hit|ENOSYS|EPERM    EPERM|ENOSYS        EPERM|ENOSYS        SIGSYS              SIGSYS              SIGSYS
restart_machine               hit                 EPERM               EPERM               SIGSYS              SIGSYS              SIGSYS
load_kernel                   hit|ENOSYS|EPERM    EPERM|ENOSYS        EPERM|ENOSYS        SIGSYS              SIGSYS              SIGSYS
load_module                   hit|ENOSYS|EPERM    EPERM|ENOSYS        EPERM|ENOSYS        SIGSYS              SIGSYS              SIGSYS
load_module_file              hit|ENOSYS|EPERM    EPERM|ENOSYS        EPERM|ENOSYS        SIGSYS              SIGSYS              SIGSYS
unload_module                 hit|ENOSYS|EPERM    EPERM|ENOSYS        EPERM|ENOSYS        SIGSYS              SIGSYS              SIGSYS
swap_on                       hit                 EPERM               EPERM               SIGSYS              SIGSYS              SIGSYS
swap_off                      hit                 EPERM               EPERM               SIGSYS              SIGSYS              SIGSYS
account_processes             hit                 EPERM               EPERM               SIGSYS              SIGSYS              SIGSYS
read_kernel_log               hit                 hit|EPERM           hit|EPERM           SIGSYS              SIGSYS              SIGSYS
ask_for_quota                 hit                 hit                 hit                 SIGSYS              SIGSYS              SIGSYS
rename_machine                hit                 EPERM               EPERM               SIGSYS              SIGSYS              SIGSYS
rename_domain                 hit                 EPERM               EPERM               SIGSYS              SIGSYS              SIGSYS
set_time_zone                 hit                 EPERM               EPERM               SIGSYS              SIGSYS              SIGSYS
set_clock                     hit                 EPERM               EPERM               SIGSYS              SIGSYS              SIGSYS
bend_clock                    hit                 EPERM               EPERM               SIGSYS              SIGSYS              SIGSYS
type_for_others               hit                 EPERM               ENOTTY              ENOSYS              ENOSYS              ENOSYS
look_up_cookie                ENOSYS              ENOSYS              ENOSYS              SIGSYS              SIGSYS              SIGSYS
order_memory                  hit                 hit                 hit                 hit                 hit                 hit [no effect]
ask_for_random                hit                 hit                 hit                 hit                 hit                 hit [no effect]
call_a_number_of_nothing      ENOSYS              ENOSYS              ENOSYS              ENOSYS              ENOSYS              ENOSYS
call_as_i386                  hit                 hit                 hit                 SIGSYS              SIGSYS              SIGSYS
call_as_x32                   ENOSYS              ENOSYS              ENOSYS              SIGSYS              SIGSYS              SIGSYS
# rights
become_root                   hit                 EPERM               EPERM               EPERM               EPERM               EPERM
become_group_root             hit                 EPERM               EPERM               EPERM               EPERM               EPERM
join_groups                   hit                 EPERM               EPERM               EPERM               EPERM               EPERM
act_as_root_on_files          hit                 EPERM               EPERM               EPERM               EPERM               EPERM
take_capabilities             hit                 EPERM               EPERM               EPERM               EPERM               EPERM
keep_capabilities             hit                 hit                 hit                 EINVAL              EINVAL              EINVAL
set_secure_bits               hit                 EPERM               EPERM               EINVAL              EINVAL              EINVAL
be_dumpable                   hit                 hit                 hit                 EINVAL              EINVAL              EINVAL
outlive_supervisor            hit                 hit                 hit                 EINVAL              EINVAL              EINVAL
adopt_orphans                 hit                 hit                 hit                 EINVAL              EINVAL              EINVAL
allow_tracers                 hit|EINVAL          hit|EINVAL          hit|EINVAL          EINVAL              EINVAL              EINVAL
raise_limit                   EPERM               EPERM               EPERM               ENOSYS              ENOSYS              ENOSYS
raise_limit_of_files          EPERM               EPERM               EPERM               ENOSYS              ENOSYS              ENOSYS
raise_priority                hit                 EACCES              EACCES              EPERM               EPERM               EPERM
rename_itself                 hit                 hit                 hit                 hit                 hit                 hit [own process]
# time
loop                          deadline            deadline            deadline            deadline            deadline            deadline
loop_deaf                     deadline            deadline            deadline            deadline            deadline            deadline
loop_in_threads               deadline            deadline            deadline            deadline            deadline            deadline
sleep_on                      deadline            deadline            deadline            deadline            deadline            deadline
sleep_deaf                    deadline            deadline            deadline            deadline            deadline            deadline
stop_itself                   deadline            deadline            deadline            deadline            deadline            deadline
wait_for_reader               deadline            deadline            deadline            deadline            deadline            deadline
# crashes
crash_address                 SIGSEGV             SIGSEGV             SIGSEGV             SIGSEGV             SIGSEGV             SIGSEGV
crash_abort                   SIGABRT             SIGABRT             SIGABRT             SIGABRT             SIGABRT             SIGABRT
crash_instruction             SIGILL              SIGILL              SIGILL              SIGILL              SIGILL              SIGILL
crash_bus                     SIGBUS              SIGBUS              SIGBUS              SIGBUS              SIGBUS              SIGBUS
crash_kill                    SIGKILL             SIGKILL             SIGKILL             SIGKILL             SIGKILL             SIGKILL
crash_heap                    SIGABRT             SIGABRT             SIGABRT             SIGABRT             SIGABRT             SIGABRT
crash_stack                   SIGSEGV             SIGSEGV             SIGSEGV             SIGSEGV             SIGSEGV             SIGSEGV
leave_by_exit                 exit_0              exit_0              exit_0              exit_0              exit_0              exit_0
leave_at_once                 exit_0              exit_0              exit_0              exit_0              exit_0              exit_0
leave_by_quick_exit           exit_0              exit_0              exit_0              exit_0              exit_0              exit_0
leave_with_a_lie              exit_73             exit_73             exit_73             exit_73             exit_73             exit_73
leave_thread                  exit_0              exit_0              exit_0              exit_0              exit_0              exit_0
unmap_everything              SIGSEGV             SIGSEGV             SIGSEGV             SIGSEGV             SIGSEGV             SIGSEGV
# what a collector does to its own process
change_locale                 hit                 hit                 hit                 hit                 hit                 hit [own process]
change_environment            hit                 hit                 hit                 hit                 hit                 hit [own process]
change_folder                 hit                 hit                 hit                 EPERM               EPERM               EPERM
change_mask                   hit                 hit                 hit                 hit                 hit                 hit [own process]
handle_signals                hit                 hit                 hit                 hit                 hit                 hit [own process]
block_signals                 hit                 hit                 hit                 hit                 hit                 hit [own process]
ring_often                    hit                 hit                 hit                 hit                 hit                 hit [own process]
leave_handlers                hit                 hit                 hit                 hit                 hit                 hit [own process]
leave_thread_behind           hit                 hit                 hit                 hit                 hit                 hit [own process]
unblock_log                   hit                 hit                 hit                 hit                 hit                 hit [own process]
block_control                 hit                 hit                 hit                 hit                 hit                 hit [own process]
block_data                    hit                 hit                 hit                 hit                 hit                 hit [own process]
close_data                    hit                 hit                 hit                 hit                 hit                 hit [own process]
close_control                 exit_74             exit_74             exit_74             exit_74             exit_74             exit_74
silence_data                  hit                 hit                 hit                 hit                 hit                 hit [own process]
shut_control                  exit_71             exit_71             exit_71             exit_71             exit_71             exit_71
fill_control                  protocol            protocol            protocol            protocol            protocol            protocol
write_nonsense                bad_frame           bad_frame           bad_frame           bad_frame           bad_frame           bad_frame
write_to_log                  hit                 hit                 hit                 hit                 hit                 hit [own words]
flood_log                     hit                 hit                 hit                 hit                 hit                 hit [own words]
# while it is loaded
constructor_address           SIGSEGV             SIGSEGV             SIGSEGV             SIGSEGV             SIGSEGV             SIGSEGV
constructor_execute           exit_0|EAGAIN       exit_0|EAGAIN       EACCES              SIGSYS              SIGSYS              SIGSYS
constructor_exit              exit_0              exit_0              exit_0              exit_0              exit_0              exit_0
constructor_loop              -                   start               -                   -                   -                   start
constructor_read              hit                 hit                 EACCES              hit                 EACCES              EACCES
resolver_address              SIGSEGV             SIGSEGV             SIGSEGV             SIGSEGV             SIGSEGV             SIGSEGV
resolver_execute              exit_0|EAGAIN       exit_0|EAGAIN       EACCES              SIGSYS              SIGSYS              SIGSYS
resolver_exit                 exit_0              exit_0              exit_0              exit_0              exit_0              exit_0
resolver_loop                 -                   start               -                   -                   -                   start
resolver_read                 hit                 hit                 EACCES              hit                 EACCES              EACCES
# forged messages and frames
forger                        protocol            protocol            protocol            protocol            protocol            protocol
liar                          protocol            protocol            protocol            protocol            protocol            protocol
garbage                       bad_frame           bad_frame           bad_frame           bad_frame           bad_frame           bad_frame
torn                          bad_frame           bad_frame           bad_frame           bad_frame           bad_frame           bad_frame
half                          SIGKILL             SIGKILL             SIGKILL             SIGKILL             SIGKILL             SIGKILL
# messages in its worker's name
hoard_places                  hit|protocol        hit|protocol        hit|protocol        hit|protocol        hit|protocol        hit|protocol [time]
report_again                  protocol            protocol            protocol            protocol            protocol            protocol
be_ready_again                protocol            protocol            protocol            protocol            protocol            protocol
give_orders                   protocol            protocol            protocol            protocol            protocol            protocol
promise_for_ever              deadline            deadline            deadline            deadline            deadline            deadline
give_descriptor               hit|ETOOMANYREFS    hit|ETOOMANYREFS    hit|ETOOMANYREFS    hit|ETOOMANYREFS    hit|ETOOMANYREFS    hit|ETOOMANYREFS [own process]
talk_nonsense_to_broker       EBADF|ENOTSOCK      EBADF|ENOTSOCK      EBADF|ENOTSOCK      EBADF|ENOTSOCK      EBADF|ENOTSOCK      exit_85
hoard_in_flight               hit|ETOOMANYREFS                 hit|ETOOMANYREFS                 hit|ETOOMANYREFS                 hit|ETOOMANYREFS                 hit|ETOOMANYREFS                 hit|ETOOMANYREFS [own process]
"""

# What is another outcome than in the column "all" when the kernel has less: no Landlock (abi0), no seccomp (unfiltered), no
# namespaces (undivided). "=": the same. Attacks that are not here have the same outcome in all of them; and so have all
# attacks where Landlock is of an older interface.
DEGRADED_COLUMNS = ("abi0", "unfiltered", "undivided")
OLDER_COLUMNS = ("abi1", "abi2", "abi3", "abi4", "abi5", "abi6")

DEGRADED = """
#                             abi0          unfiltered                undivided
read_secret                   hit           =                         =
read_config                   EACCES/hit    =                         =
list_tmp                      hit           =                         =
list_homes                    hit           =                         =
read_kmsg                     hit|EPERM     =                         =
list_proc                     hit           =                         =
supervisor_cmdline            hit           =                         =
sibling_mem_write             =             EACCES                    =
sibling_oom_score             =             EACCES                    =
own_mem_write                 =             EACCES                    =
own_descriptors               hit           =                         =
write_kernel_setting          =             EACCES                    =
open_terminals                =             EACCES                    =
create                        =             EACCES                    =
create_nameless               =             EACCES                    =
open_to_write                 =             EACCES                    =
open_to_append                =             EACCES                    =
open_truncating               =             EACCES                    =
write_file                    =             EACCES                    =
truncate_file                 =             EACCES                    =
unlink_file                   =             EACCES                    =
rename_file                   =             EACCES                    =
link_file                     =             EACCES                    =
link_symbolically             =             EACCES                    =
make_folder                   =             EACCES                    =
remove_folder                 =             EACCES                    =
make_fifo                     =             EACCES                    =
change_mode                   =             hit                       =
change_owner                  =             hit/EINVAL                =
change_times                  =             hit                       =
change_attribute              =             hit                       =
lock_file                     ENOSYS        =                         =
watch_files                   =             hit                       =
watch_file_system             =             hit                       =
handle_of_file                =             hit                       =
open_by_handle                =             EPERM                     =
load_code                     hit           =                         =
execute_shell                 =             EACCES                    =
execute_su                    =             EACCES                    =
execute_at                    =             EACCES                    =
execute_memory                =             EFBIG                     =
fork_once                     =             hit|EAGAIN                =
fork_by_clone3                =             hit|EAGAIN                =
fork_into_namespace           =             hit|EAGAIN/EPERM          =
fork_bomb                     =             hit|EAGAIN                =
kill_everybody                =             hit                       =
signal_by_socket              =             survived                  =
signal_by_ioctl               =             hit                       =
priority_of_sibling           =             hit                       =
limits_of_sibling             =             hit                       =
processors_of_sibling         =             hit                       =
scheduler_of_sibling          =             hit                       =
disk_priority_of_sibling      =             hit                       =
trace_sibling                 =             EPERM                     =
read_memory_of_sibling        =             EPERM                     =
write_memory_of_sibling       =             EPERM                     =
read_memory_of_supervisor     =             EPERM                     =
compare_with_sibling          =             EPERM                     =
connect_to_socket             =             hit                       =
connect_to_abstract           =             ECONNREFUSED              =
connect_by_sending            =             ENETUNREACH               =
connect_by_message            =             ENETUNREACH               =
connect_by_mptcp              =             ENETUNREACH               =
connect_by_sctp               =             EPROTONOSUPPORT           =
send_datagram                 =             ENETUNREACH               =
send_raw                      =             EPERM                     =
send_echo                     =             EACCES                    =
capture                       =             EPERM                     =
talk_to_kernel                =             hit                       =
talk_to_hypervisor            =             hit|EAFNOSUPPORT          =
receive_descriptor            =             hit                       =
bind_port                     =             EACCES                    =
bind_socket                   =             EACCES                    =
listen_unbound                =             hit                       =
take_shared                   =             ENOMEM                    =
take_shared_zero              =             EACCES                    =
take_shared_by_reading        ENOMEM        =                         =
take_memory_file              =             EFBIG                     =
take_secret_memory            =             hit|EPERM|ENOSYS          =
lock_memory                   =             EPERM                     =
take_pipes                    =             EMFILE                    =
enlarge_data_pipe             =             hit                       =
take_timers                   =             hit                       =
map_writable_code             =             EACCES                    =
run_data                      =             EACCES                    =
protect_with_key              =             EACCES                    =
rewrite_code                  =             EACCES                    =
map_code_of_file              hit           =                         =
make_data_executable          =             hit                       =
share_by_shm                  =             hit                       =
share_by_messages             =             hit                       =
share_by_semaphores           =             hit                       =
share_by_queue                =             EMFILE/EOVERFLOW          =
mount_something               =             EPERM                     =
unmount_something             =             EPERM                     =
change_root                   =             EPERM                     =
exchange_root                 =             EPERM                     =
copy_tree                     =             EPERM                     =
open_file_system              =             EPERM                     =
move_mount                    =             EPERM                     =
enter_own_namespace           =             EPERM                     =
new_user_namespace            =             hit|EPERM|ENOSYS/EPERM    =
new_network                   =             EPERM                     =
new_mounts                    =             EPERM                     =
add_key                       =             hit                       =
request_key                   =             hit                       =
look_for_keys                 =             hit                       =
load_program                  =             EPERM                     =
count_events                  =             hit|EPERM|ENOSYS          =
make_ring                     =             ENOMEM                    =
queue_transfers               =             hit                       =
handle_faults                 =             hit|EPERM|ENOSYS          =
read_descriptor_table         =             hit                       =
raise_io_level                =             EPERM|ENOSYS              =
open_io_port                  =             EPERM|ENOSYS              =
restart_machine               =             EPERM                     =
load_kernel                   =             EPERM|ENOSYS              =
load_module                   =             EPERM|ENOSYS              =
load_module_file              =             EPERM|ENOSYS              =
unload_module                 =             EPERM|ENOSYS              =
swap_on                       =             EPERM                     =
swap_off                      =             EPERM                     =
account_processes             =             EPERM                     =
read_kernel_log               =             hit|EPERM                 =
ask_for_quota                 =             hit                       =
rename_machine                =             EPERM                     =
rename_domain                 =             EPERM                     =
set_time_zone                 =             EPERM                     =
set_clock                     =             EPERM                     =
bend_clock                    =             EPERM                     =
type_for_others               =             ENOTTY                    =
look_up_cookie                =             ENOSYS                    =
call_as_i386                  =             hit                       =
call_as_x32                   =             ENOSYS                    =
become_root                   =             EPERM/EINVAL              =
become_group_root             =             EPERM/EINVAL              =
keep_capabilities             =             hit                       =
set_secure_bits               =             EPERM                     =
be_dumpable                   =             hit                       =
outlive_supervisor            =             hit                       =
adopt_orphans                 =             hit                       =
raise_limit                   =             EPERM                     =
raise_limit_of_files          =             EPERM                     =
raise_priority                =             EACCES                    =
change_folder                 =             hit                       =
constructor_execute           =             EACCES                    =
constructor_read              hit           =                         =
resolver_execute              =             EACCES                    =
resolver_read                 hit           =                         =
"""


class Attack:
    def __init__(self, name, cells, reason, degraded):
        self.name, self.reason = name, reason
        self.cells = dict(zip(COLUMNS, cells))
        self.cells.update((column, self.cells["all"]) for column in OLDER_COLUMNS)
        for column, cell in zip(DEGRADED_COLUMNS, degraded):
            self.cells[column] = self.cells["all"] if cell == "=" else cell

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
    rows = [line.split() for line in DEGRADED.splitlines() if line.strip() and not line.startswith("#")]
    degraded = {name: cells for name, *cells in rows}
    assert all(len(cells) == len(DEGRADED_COLUMNS) for cells in degraded.values())
    found = {}
    for line in TABLE.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        body, _, reason = line.partition("[")
        name, *cells = body.split()
        assert len(cells) == len(COLUMNS) and name not in found, line
        assert re.fullmatch(r"[a-z0-9_]{1,31}", name), line
        found[name] = Attack(name, cells, reason.rstrip("]").strip(),
                             degraded.pop(name, ["="] * len(DEGRADED_COLUMNS)))
    assert not degraded, degraded
    return found


FORGERS = section("forged messages and frames")
NETWORK = section("network")
LASTING = section("what a collector does to its own process") | section("messages in its worker's name")
ATTACKS = parse()
