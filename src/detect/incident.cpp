#include "detect/incident.h"

#include "detect/analytic.h"
#include "detect/put_copy.h"
#include "lineage/lineage.h"

namespace mailvigil::detect {

using lineage::Process;

void Incident::take_part(const Process& process) {
    if (!context_.record.is_kept()) {
        return;
    }
    keep(process);
    context_.lineage.ancestors(process, [&](const Process& ancestor) {
        keep(ancestor);
        return true;
    });
}

void Incident::keep(const Process& process) {
    const std::uint64_t life = (std::uint64_t{process.self.slot} << 32U) | process.self.generation;
    // Of a parent that did nothing itself, its child's record tells all that is known: the pid.
    const bool unseen = process.executable.empty() && process.args.empty();
    if (!process.self || unseen || known_.size() == kProcessesMax || !known_.insert(life).second) {
        return;
    }
    Part part{.actor = actor_of(process, context_.lineage),
              .start = process.start,
              .time = process.exec_time == Timestamp{} ? process.start : process.exec_time,
              .exec_event = process.exec_event};
    if (number_ == 0) {
        waiting_.push_back(std::move(part));
    } else {
        record(part);
    }
}

void Incident::record(const Part& part) const {
    Event& event = context_.record.begin(EventClass::process_start, part.time);
    Arena& arena = context_.record.arena();
    event.set_event_action("lineage");
    put_copy(event, Field::event_id, part.exec_event, arena);
    put_copy(event, Field::host_name, context_.host, arena);
    event.set_finding_incident(number_);
    event.set_finding_start(part.start);
    put_actor(part.actor, event, arena);
    // The arguments say the same, and more exactly.
    event.remove(Field::process_command_line);
    if (part.actor.args.empty()) {
        put_copy(event, Field::process_command_line, part.actor.command_line, arena);
    }
    context_.record.give();
}

bool Incident::advance(const Progress& progress) {
    const bool risen =
        updates_ == 0 || progress.level > told_level_ || progress.stage > told_stage_;
    if (!risen && !progress.tell_anyway) {
        return false;
    }
    if (number_ == 0 && progress.level != Level::informational) {
        number_ = context_.incidents.next++;
        for (const Part& part : waiting_) {
            record(part);
        }
        waiting_.clear();
    }
    ++updates_;
    told_level_ = progress.level;
    told_stage_ = progress.stage;
    return true;
}

}  // namespace mailvigil::detect
