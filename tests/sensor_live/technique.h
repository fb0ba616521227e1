// Techniques: ways of reading a mailbox that are meant to go unseen, each played by processes of
// its own. None reads more than a test's own file.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "live_stage.h"

namespace mailvigil::sensor {

struct Technique {
    std::string_view name;
    /// Plays it in children; the pid of the one that reads. `mbox` is watched; 0: cannot be played
    /// here.
    std::function<pid_t(LiveStage& stage, const std::string& mbox)> play;
    /// Known to be missed, and why; empty: it must be seen.
    std::string_view missed_because;
};

const std::vector<Technique>& techniques();

/// The reader's work once it has a descriptor.
void read_all(int fd);
void read_mapped(int fd);

/// Opens and reads through io_uring; false: the kernel refuses it.
bool uring_read(const char* path, unsigned setup_flags);

}  // namespace mailvigil::sensor
