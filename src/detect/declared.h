// Whether somebody declared the work that a process does.
#pragma once

#include <string_view>

#include "detect/settings.h"
#include "lineage/lineage.h"

namespace mailvigil::detect {

/// The declaration that covers this actor and `mailbox` at `time`; null: none.
const Declaration* declared_mailbox(const Settings& settings,
                                    const lineage::Process& process,
                                    const lineage::Lineage& lineage,
                                    std::string_view mailbox,
                                    Timestamp time);

/// The declaration that covers this actor and the configuration at `path`; null: none.
const Declaration* declared_change(const Settings& settings,
                                   const lineage::Process& process,
                                   const lineage::Lineage& lineage,
                                   std::string_view path,
                                   Timestamp time);

}  // namespace mailvigil::detect
