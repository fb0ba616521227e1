#include "detect/process_facts.h"

#include "base/path_map.h"

namespace mailvigil::detect {

namespace {

std::string joined(const lineage::Process& process, std::string_view path) {
    std::string full;
    normalise_path(process.working_directory, path, full);
    return full;
}

}  // namespace

ProcessFacts::ProcessFacts(const CommandTable& commands,
                           const RoleTable& roles,
                           const lineage::Lineage& lineage)
    : commands_(commands), roles_(roles), lineage_(lineage) {}

std::string_view ProcessFacts::copy_of(std::string_view path) const {
    if (copies_.empty()) {
        return {};
    }
    const auto found = copies_.find(std::string(path));
    return found == copies_.end() ? std::string_view() : std::string_view(found->second);
}

void ProcessFacts::note_copy(std::string_view from, std::string_view to) {
    const std::string_view already = copy_of(from);
    const std::string tool(already.empty() ? commands_.tool_of(from) : already);
    if (tool.empty() || to.empty()) {
        return;
    }
    if (copies_.size() == kCopiesMax) {
        copies_.erase(copies_in_order_.front());
        copies_in_order_.pop_front();
    }
    if (copies_.try_emplace(std::string(to), tool).second) {
        copies_in_order_.emplace_back(to);
    }
}

void ProcessFacts::learn_copies(const lineage::Process& process, const Facts& facts) {
    for (const CommandUse& use : facts.uses) {
        if (use.act != Act::copy && use.act != Act::read) {
            continue;
        }
        for (const std::string& output : use.outputs) {
            for (const std::string& source : use.sources) {
                const std::string from = joined(process, source);
                note_copy(from, joined(process, output));
                // Where the output is a directory the copy keeps its name.
                note_copy(from, joined(process, output + "/" + std::string(base_name(source))));
            }
        }
    }
}

const Facts& ProcessFacts::of(const lineage::Process& process) {
    if (process.self.slot >= by_slot_.size()) {
        by_slot_.resize(process.self.slot + 1);
    }
    Facts& facts = by_slot_[process.self.slot];
    if (facts.process == process.self && facts.exec_event == process.exec_event &&
        facts.executable == process.executable) {
        return facts;
    }
    facts.process = process.self;
    facts.exec_event = process.exec_event;
    facts.executable = process.executable;
    facts.role = roles_.role_of(process, lineage_);
    facts.uses.clear();
    if (!process.args.empty()) {
        const std::vector<std::string_view> args(process.args.begin(), process.args.end());
        facts.uses = commands_.analyse({process.executable, args, copy_of(process.executable)});
        learn_copies(process, facts);
    }
    return facts;
}

}  // namespace mailvigil::detect
