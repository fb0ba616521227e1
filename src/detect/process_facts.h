// ProcessFacts: what detection knows of each process beyond its lineage: its role and what its
// command line does. Worked out once for each program image, shared by the analytics.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "detect/command_line.h"
#include "detect/role.h"
#include "lineage/lineage.h"

namespace mailvigil::detect {

/// The facts of one process; they change with each exec.
struct Facts {
    lineage::ProcessRef process;
    std::string exec_event;  ///< of which image
    std::string executable;
    const Role* role = nullptr;
    std::vector<CommandUse> uses;
};

class ProcessFacts {
  public:
    /// Copies of known tools under other names that are remembered.
    static constexpr std::size_t kCopiesMax = 1'024;

    ProcessFacts(const CommandTable& commands,
                 const RoleTable& roles,
                 const lineage::Lineage& lineage);

    /// The facts of a process as it is now. Valid until the next call.
    const Facts& of(const lineage::Process& process);

    /// A file was copied, linked or renamed: if it is a known tool, its new name is remembered.
    void note_copy(std::string_view from, std::string_view to);

    /// The tool that a path is a copy of; empty: none known.
    [[nodiscard]] std::string_view copy_of(std::string_view path) const;

  private:
    void learn_copies(const lineage::Process& process, const Facts& facts);

    const CommandTable& commands_;
    const RoleTable& roles_;
    const lineage::Lineage& lineage_;
    std::vector<Facts> by_slot_;
    std::unordered_map<std::string, std::string> copies_;
    std::deque<std::string> copies_in_order_;
};

}  // namespace mailvigil::detect
