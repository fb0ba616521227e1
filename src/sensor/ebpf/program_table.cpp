#include "sensor/ebpf/program_table.h"

namespace mailvigil::sensor::ebpf {

std::span<const ProgramRow> program_rows() {
    static constexpr ProgramRow kRows[] = {
        {"on_exec", "exec", "no identity of processes", true},
        {"on_fork",
         "fork",
         "children that never exec are read from /proc, if it is in time",
         false},
        {"on_exit", "exit", "counts come late, and ends of processes are not told", false},
        {"exit_open", "open", "programs that use the old call are seen by their reads only", false},
        {"exit_openat",
         "openat",
         "no opened files; reads are seen where the page cache tells",
         true},
        {"exit_openat2", "openat2", "files opened by it are seen by their reads only", false},
        {"exit_creat", "creat", "files created by it are seen by their names only", false},
        {"exit_open_by_handle_at",
         "open_by_handle_at",
         "files opened by handle are seen by their reads only",
         false},
        {"exit_pidfd_getfd",
         "pidfd_getfd",
         "descriptors taken from others are seen by their reads only",
         false},
        {"on_get_pages",
         "page cache reads",
         "reads through passed or inherited descriptors, io_uring, 32-bit calls and overlays are "
         "not "
         "seen",
         false},
        {"on_map_pages", "mapped reads", "mappings of passed descriptors are not seen", false},
        {"on_fault", "page faults", "mappings of passed descriptors may not be seen", false},
        {"on_direct",
         "reads past the page cache",
         "O_DIRECT reads through passed descriptors are not seen",
         false},
        {"exit_rename", "rename", "old verdicts live on after a directory was renamed", false},
        {"exit_renameat", "renameat", "old verdicts live on after a directory was renamed", false},
        {"exit_renameat2",
         "renameat2",
         "old verdicts live on after a directory was renamed",
         false},
        {"exit_link", "link", "old verdicts live on after a file got a second name", false},
        {"exit_linkat", "linkat", "old verdicts live on after a file got a second name", false},
        {"exit_mount", "mount", "mounts are noticed late and without their author", false},
        {"exit_move_mount",
         "move_mount",
         "mounts are noticed late and without their author",
         false},
        {"exit_umount", "umount", "unmounts are noticed late and without their author", false},
        {"on_tcp_state", "TCP connections", "connections are not seen", false},
        {"udp_connect4", "UDP connections", "datagrams that leave are not seen", false},
        {"udp_connect6", "UDP connections (IPv6)", "datagrams that leave are not seen", false},
        {"udp_send4", "UDP datagrams", "datagrams that leave are not seen", false},
        {"udp_send6", "UDP datagrams (IPv6)", "datagrams that leave are not seen", false},
        {"open_files", "list of open files", "what is open at start is not known", false},
    };
    return kRows;
}

}  // namespace mailvigil::sensor::ebpf
