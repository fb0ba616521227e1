// Opening: making a new ledger, or going on with the one that is there after whatever happened to
// it. Nothing below the last signed size is ever mended in silence.
#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>

#include "base/base64.h"
#include "evidence/frame.h"
#include "evidence/ledger_reader.h"
#include "evidence/ledger_state.h"

namespace mailvigil::evidence {

namespace {

constexpr std::uint64_t kScanBytes = std::uint64_t{1} << 20U;
/// Of what recovery cuts off a segment, so much is kept in damaged/.
constexpr std::uint64_t kCutBytesKept = std::uint64_t{64} << 20U;

Result<std::string> random_origin(std::string_view host) {
    std::array<std::uint8_t, 16> bytes{};
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
        return fail(ErrorCode::unsupported, "the system gives no random numbers");
    }
    // A name in a note has neither spaces nor plus signs.
    std::string name(host.empty() ? "localhost" : host);
    std::ranges::replace_if(
        name,
        [](char c) { return c <= ' ' || c == '+' || static_cast<unsigned char>(c) >= 0x7F; },
        '-');
    return fmt::format("{}/mailvigil/{}", name, render_hex(as_text(bytes)));
}

void tell(std::string& story, std::string sentence) {
    story += (story.empty() ? "" : "; ") + sentence;
}

Result<void> make_folders(Disk& disk, const Layout& layout) {
    for (const std::string& folder :
         {layout.folder, layout.segments(), layout.keys(), layout.damaged()}) {
        TRY(disk.make_folder(folder));
    }
    return disk.sync_folder(layout.folder);
}

/// A fresh name in damaged/.
std::string free_name(Disk& disk, const Layout& layout, std::string_view stem) {
    for (unsigned n = 1;; ++n) {
        std::string path = fmt::format("{}/{}-{}", layout.damaged(), stem, n);
        if (!disk.exists(path)) {
            return path;
        }
    }
}

std::unexpected<Error> damage(std::string message) {
    return fail(ErrorCode::malformed,
                message +
                    "; `mailvigil evidence verify` tells more, docs/evidence-format.md what "
                    "can be done");
}

/// A crash within the making of a ledger leaves at most one leaf and no checkpoint.
Result<bool> is_unborn(Disk& disk, const Layout& layout) {
    if (disk.exists(layout.format())) {
        return false;
    }
    if (disk.exists(layout.checkpoints()) &&
        !parse_checkpoint_log(TRY(read_whole(disk, layout.checkpoints(), kCheckpointsBytesMax)))
             .entries.empty()) {
        return false;
    }
    for (const SegmentName& segment : TRY(list_segments(disk, layout))) {
        FrameReader frames("");
        std::string bytes;
        if (segment.first == 0 && segment.has_log && !segment.has_sealed) {
            bytes = TRY(disk.read(layout.log(0), 0, kLeafBytesMax * 2));
            frames = FrameReader(bytes);
        }
        std::string_view leaf;
        frames.next(leaf);
        if (segment.first != 0 || segment.has_sealed || frames.next(leaf)) {
            return damage(fmt::format(
                "{} has records, but neither the file \"format\" nor checkpoints", layout.folder));
        }
    }
    return true;
}

}  // namespace

Result<std::unique_ptr<Ledger>> Ledger::open(Disk& disk,
                                             std::string folder,
                                             LedgerOptions options,
                                             Timestamp now) {
    auto state = std::make_unique<State>(disk, Layout{std::move(folder)}, std::move(options));
    const Layout& layout = state->layout;
    TRY(make_path(disk, layout.folder));
    state->lock = TRY(disk.lock(layout.lock()));
    TRY(make_folders(disk, layout));

    std::string story;
    Result<bool> fresh = is_unborn(disk, layout);
    if (fresh && *fresh) {
        // Or a crash could lose the new ledger, name and all.
        TRY(disk.sync_folder(parent_of(layout.folder)));
    }
    Result<void> resumed;
    if (fresh && !*fresh) {
        resumed = state->resume(story);
    }
    const Error* trouble = !fresh ? &fresh.error() : !resumed ? &resumed.error() : nullptr;
    if (trouble != nullptr) {
        if (trouble->code != ErrorCode::malformed || state->options.on_damage == OnDamage::refuse) {
            return std::unexpected(*trouble);
        }
        const std::string aside = TRY(state->set_aside());
        story = fmt::format(
            "replaces a ledger that is damaged and now lies in {}: {}", aside, trouble->message);
        fresh = true;
    }
    Event event;
    event.reset(EventClass::ledger, now);
    std::string log_vkey;
    std::string vkey;
    if (*fresh) {
        TRY(state->create(day_of(now)));
        log_vkey = render(state->keys->log().verifier());
        vkey = render(state->keys->epoch().verifier());
        event.set_ledger_origin(state->sealed.origin);
        event.set_ledger_log_vkey(log_vkey);
        event.set_ledger_vkey(vkey);
    }
    if (!story.empty()) {
        event.set_message(story);
    }
    std::unique_ptr<Ledger> ledger(new Ledger(std::move(state)));
    TRY(ledger->seal_with(*fresh ? SealAction::genesis : SealAction::start, event, now));
    const Layout& opened = ledger->state_->layout;
    if (!disk.exists(opened.format())) {
        TRY(replace_file(disk, opened.folder, opened.format(), kFormatLine));
    }
    return ledger;
}

Result<void> Ledger::State::create(Day today) {
    sealed = {};
    sealed.origin = TRY(random_origin(options.host));
    if (disk.exists(layout.log(0))) {
        TRY(disk.remove(layout.log(0)));
    }
    keys = TRY(KeyRing::create(disk, layout, sealed.origin, today));
    checkpoints = TRY(CheckpointWriter::open(disk, layout, 0));
    tree = {};
    return start_writing({});
}

Result<void> Ledger::State::start_writing(const OpenSegment& open) {
    segments =
        TRY(SegmentWriter::open(disk,
                                layout,
                                open,
                                {.segment_bytes = std::min(options.segment_bytes, kSegmentBytesMax),
                                 .pending_bytes_max = options.pending_bytes_max,
                                 .background_sealing = options.background_sealing}));
    return {};
}

Result<std::string> Ledger::State::set_aside() {
    segments.reset();
    checkpoints.reset();
    keys.reset();
    const std::string aside = free_name(disk, layout, "ledger");
    TRY(disk.make_folder(aside));
    for (const std::string& path : {layout.checkpoint(),
                                    layout.checkpoints(),
                                    layout.tree(),
                                    layout.segments(),
                                    layout.kept(),
                                    layout.format()}) {
        if (disk.exists(path)) {
            TRY(disk.rename(path, aside + path.substr(path.rfind('/'))));
        }
    }
    // Nothing may ever be signed under the old name again.
    for (const std::string& name : TRY(disk.list(layout.keys()))) {
        TRY(disk.erase(layout.keys() + "/" + name));
    }
    TRY(disk.sync_folder(aside));
    TRY(disk.sync_folder(layout.damaged()));
    TRY(make_folders(disk, layout));
    return aside;
}

Result<void> Ledger::State::resume(std::string& story) {
    // Looking first: where there is damage, nothing is to be changed.
    const CheckpointLog log = TRY(read_checkpoints());
    sealed = log.entries.back();
    OpenSegment open = TRY(scan());
    TRY(check_sealed_root());
    TRY(load_keys());

    const std::uint64_t cut = TRY(disk.size(layout.log(open.first))) - open.bytes;
    if (cut > 0) {
        TRY(cut_segment(open, story));
    }
    if (!log.remainder.empty()) {
        TRY(replace_file(
            disk, layout.damaged(), free_name(disk, layout, "checkpoints"), log.remainder));
        tell(story, fmt::format("cut {} bytes of an unfinished checkpoint", log.remainder.size()));
    }
    const std::uint64_t unsealed = open.first + open.leaves - sealed.head.size;
    if (unsealed > 0) {
        tell(story, fmt::format("the writer did not stop: {} records were not sealed", unsealed));
    }
    const std::uint64_t roots = open.first / kBlockLeaves * sizeof(Hash);
    if (disk.exists(layout.tree()) && TRY(disk.size(layout.tree())) > roots) {
        const auto file = TRY(disk.open_append(layout.tree()));
        TRY(file->truncate(roots));
    }
    checkpoints = TRY(CheckpointWriter::open(disk, layout, log.whole_bytes));
    TRY(start_writing(open));
    return clear_leftovers(open.first);
}

Result<CheckpointLog> Ledger::State::read_checkpoints() {
    if (!disk.exists(layout.checkpoints())) {
        return damage(fmt::format("{} is missing", layout.checkpoints()));
    }
    CheckpointLog log =
        parse_checkpoint_log(TRY(read_whole(disk, layout.checkpoints(), kCheckpointsBytesMax)));
    if (log.entries.empty() || !may_be_cut_off(log.remainder)) {
        return damage(fmt::format(
            "{}: what follows size {} is no checkpoint",
            layout.checkpoints(),
            log.entries.empty() ? std::string("0") : fmt::to_string(log.entries.back().head.size)));
    }
    return log;
}

Result<OpenSegment> Ledger::State::scan() {
    const auto names = TRY(list_segments(disk, layout));
    if (names.empty() || !names.back().has_log) {
        return damage(fmt::format("{}: the open segment is missing", layout.segments()));
    }
    OpenSegment open{.first = names.back().first};
    TRY(load_tree(open.first));
    const std::string path = layout.log(open.first);
    std::string window;
    for (;;) {
        const std::string more = TRY(disk.read(path, open.bytes + window.size(), kScanBytes));
        window += more;
        FrameReader frames(window);
        std::string_view leaf;
        while (frames.next(leaf)) {
            tree.append(leaf_hash(leaf));
            ++open.leaves;
        }
        open.bytes += frames.offset();
        window.erase(0, frames.offset());
        if (more.empty() || !frames.is_cut_off()) {
            break;
        }
    }
    if (open.first + open.leaves < sealed.head.size) {
        return damage(fmt::format("{}: damaged or cut off, and the checkpoint of size {} signed it",
                                  describe_place(path, open.first + open.leaves, open.bytes),
                                  sealed.head.size));
    }
    return open;
}

Result<void> Ledger::State::load_tree(std::uint64_t last_segment) {
    const std::uint64_t wanted = last_segment / kBlockLeaves;
    std::string bytes;
    if (wanted > 0 && disk.exists(layout.tree())) {
        bytes = TRY(disk.read(layout.tree(), 0, wanted * sizeof(Hash)));
    }
    const std::uint64_t known = bytes.size() / sizeof(Hash);
    if (known < wanted) {
        return damage(fmt::format(
            "{}: it has the roots of {} blocks, but {} are closed", layout.tree(), known, wanted));
    }
    tree = {};
    for (std::uint64_t i = 0; i < wanted; ++i) {
        Hash root;
        std::copy_n(
            bytes.data() + i * sizeof(Hash), sizeof(Hash), reinterpret_cast<char*>(root.data()));
        tree.blocks.append_subtree(kBlockLevel, root);
    }
    tree.roots.first = wanted;
    return {};
}

Result<void> Ledger::State::check_sealed_root() {
    const auto reader = TRY(LedgerReader::open_unmarked(disk, layout.folder));
    const Hash root = TRY(root_of(*reader, sealed.head.size));
    if (root != sealed.head.root) {
        return damage(fmt::format("{}: the records are not what the checkpoint of size {} signed",
                                  layout.folder,
                                  sealed.head.size));
    }
    const std::string leaf = TRY(reader->leaf(sealed.head.size - 1));
    const auto last = TRY(parse_seal(sealed.head.size - 1, leaf));
    if (!last) {
        return damage(fmt::format(
            "{}: record {} was signed, but is no seal", layout.folder, sealed.head.size - 1));
    }
    last_seal_leaf = *last;
    return {};
}

Result<void> Ledger::State::load_keys() {
    const bool rotated = last_seal_leaf.action == SealAction::key;
    auto ring = KeyRing::load(disk, layout, [&](const VerifierKey& next) {
        return rotated && render(next) == last_seal_leaf.vkey;
    });
    if (!ring) {
        return ring.error().code == ErrorCode::unknown
                   ? damage(fmt::format("a key is missing: {}", ring.error().message))
                   : std::unexpected(ring.error());
    }
    const VerifierKey& epoch = ring->epoch().verifier();
    const bool signs = rotated ? render(epoch) == last_seal_leaf.vkey
                               : check(sealed.note, epoch) == SignatureCheck::valid;
    if (!signs || check(sealed.note, ring->log().verifier()) != SignatureCheck::valid) {
        return damage(fmt::format("{}: not the keys of this ledger", layout.keys()));
    }
    keys = std::move(*ring);
    return {};
}

Result<void> Ledger::State::cut_segment(const OpenSegment& open, std::string& story) {
    const std::string path = layout.log(open.first);
    const std::uint64_t size = TRY(disk.size(path));
    const std::string bytes =
        TRY(disk.read(path, open.bytes, std::min(size - open.bytes, kCutBytesKept)));
    TRY(replace_file(disk, layout.damaged(), free_name(disk, layout, "segment"), bytes));
    tell(story,
         fmt::format("cut {} bytes after record {}: no whole record",
                     size - open.bytes,
                     open.first + open.leaves));
    return TRY(disk.open_append(path))->truncate(open.bytes);
}

Result<void> Ledger::State::clear_leftovers(std::uint64_t open_segment) {
    std::vector<std::string> strangers;
    const auto names = TRY(list_segments(disk, layout, &strangers));
    // Drafts first: sealing, which may run beside us from here on, makes its own.
    for (const std::string& name : strangers) {
        if (name.ends_with(".new")) {
            TRY(disk.remove(layout.segments() + "/" + name));
        }
    }
    for (const SegmentName& segment : names) {
        if (segment.has_log && segment.first != open_segment) {
            segments->seal(segment.first);
        }
    }
    return {};
}

}  // namespace mailvigil::evidence
