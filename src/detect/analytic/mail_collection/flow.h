// How mail goes on from the process that read it: along pipes, files and command lines.
#pragma once

#include <string>
#include <string_view>

#include "detect/command_line.h"
#include "lineage/process.h"

namespace mailvigil::detect::analytic::collection {

/// Whether the act puts content aside: into an archive, another form or another place.
bool is_staging(Act act);

/// Whether the act takes content off the host, or to a mail system.
bool is_way_out(Act act);

/// A path that a process named, joined with its working directory.
std::string full_path(const lineage::Process& process, std::string_view path);

/// Files that programs keep for themselves: no content was put there on purpose.
bool is_bookkeeping(std::string_view path);

}  // namespace mailvigil::detect::analytic::collection
