// Confinement: what a process of the daemon gives up once it is set up. Whoever takes it over has
// no more than it needs for its work: its own files, no other program, no network.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mailvigil::app {

/// Becomes that user with that user's groups, for good, and can gain no rights any more (prctl(2),
/// PR_SET_NO_NEW_PRIVS). Error: unknown, there is no such user; unsupported, this process may not.
Result<void> become_user(const std::string& name);

struct FileRights {
    std::vector<std::string> readable;  ///< files, or folders with all below
    std::vector<std::string> writable;  ///< the same; what is there may also be read and removed
};

/// Landlock (landlock(7)): of all files this process may touch only those, for good. What is open
/// stays open; what is not there is left out. Error: unsupported, this kernel can't or
/// PR_SET_NO_NEW_PRIVS is not set.
Result<void> confine_files(const FileRights& rights);

/// seccomp(2): no other program, no other process's memory, no network, no mounts, no kernel
/// interfaces, for good; such a call gives EPERM. Error: unsupported.
Result<void> confine_calls();

}  // namespace mailvigil::app
