using OfflineRL.Datasets;
using static TorchSharp.torch;

namespace OfflineRL.Train.Sampling;

/// <summary>
/// Transitions whose columns lie on the training device: drawn and gathered there, without a word to the host where the order
/// is uniform. Datasets lie one behind the other; a place is a row of theirs, or one of the final observations behind all
/// rows, or, last, the zeros that stand for an unknown one.
/// </summary>
sealed class ResidentTransitions : IDisposable
{
    readonly ReplaySources _sources;
    readonly Device _device;
    readonly Dictionary<Part, Tensor> _byRow = [];
    readonly List<Tensor> _all = [];
    readonly long[] _firstItem;
    readonly Tensor _observations, _rows, _nexts, _rewards, _discounts;
    readonly Tensor? _newest, _oldest, _oneHot, _resets, _usable, _offsets;
    readonly DeviceDraws? _draws;
    readonly long[] _hostItems, _hostFirst, _hostCount;
    readonly int _burnIn;

    public ResidentTransitions(ReplaySources sources, ReplaySettings settings, Device device)
    {
        (_sources, _device) = (sources, device);
        (_hostItems, _hostFirst, _hostCount) = (new long[settings.BatchSize], new long[settings.BatchSize], new long[settings.BatchSize]);
        var places = new PlaceMap(sources);
        _firstItem = places.FirstItem;
        using var scope = NewDisposeScope();
        _observations = Keep(ResidentColumns.Observations(sources, places, device));
        (_rows, _nexts, _rewards, _discounts) = (Keep(places.Rows(device)), Keep(places.Nexts(device)), Keep(places.Rewards(device)), Keep(places.Discounts(device)));
        if (sources.Encoder.Frames > 1)
            (_newest, _oldest) = (Keep(places.Newest(device)), Keep(places.Oldest(device)));
        if (sources.Encoder.Encoding == ObservationEncoding.OneHot)
            _oneHot = Keep(ResidentColumns.OneHot(sources.Encoder.FrameFeatures, device));
        foreach (var (part, values) in ResidentColumns.ByRow(sources, settings.Needs, places, device))
            _byRow.Add(part, Keep(values));
        if (settings.Needs is { SequenceSteps: > 0 } needs)
        {
            foreach (var index in sources.Indices)
                SequenceReader.RequireSteps(index, needs.SequenceSteps, needs.BurnInSteps);
            _burnIn = needs.BurnInSteps;
            (_resets, _usable) = (Keep(places.Resets(device)), Keep(places.Usable(device)));
            _offsets = Keep(arange(0, needs.BatchSteps, dtype: ScalarType.Int64, device: device).unsqueeze(-1));
        }

        if (sources.Draw is { Orders: [UniformOrder uniform] } draw)
            _draws = new(draw.Pick, settings.BatchSize, uniform.Count, device);
    }

    /// <summary>About what it takes.</summary>
    public static long BytesOf(TrainingData data) => data.Sources.Sum(source =>
    {
        var info = source.Columns.Info;
        var observation = (long)info.ObservationSpace.FlatSize * (source.Columns.ObservationBytes is null ? sizeof(float) : 1);
        return ((info.Steps + info.Episodes) * observation) + (info.Steps * (40 + (4L * info.ActionSpace.FlatSize)));
    });

    /// <summary>Draws a batch into memory of the same device.</summary>
    /// <param name="batch">Its number.</param>
    /// <param name="drawn">Scratch, and what was drawn where the order learns.</param>
    /// <param name="to">Where the learner reads.</param>
    public void Draw(long batch, DrawnBatch drawn, BatchMemory to)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var items = _draws?.Items(batch) ?? HostItems(batch, drawn, to);
        if (_offsets is not null)
            items = Windows(items, drawn, to);
        var rows = _rows.index_select(0, items);
        Copied(Part.Observations, Features(rows));
        foreach (var part in (Part[])[Part.Actions, Part.ContinuousActions, Part.ActionMasks, Part.BehaviorLogProbabilities])
            Copy(part, part, rows);
        if (to.View(Part.NextObservations) is null)
            return;
        var nexts = _nexts.index_select(0, items);
        Copied(Part.NextObservations, Features(nexts));
        Copied(Part.Rewards, _rewards.index_select(0, items));
        Copied(Part.Discounts, _discounts.index_select(0, items));
        Copy(Part.NextActionMasks, Part.ActionMasks, nexts);
        Copy(Part.NextActions, Part.Actions, nexts);
        Copy(Part.NextContinuousActions, Part.ContinuousActions, nexts);

        void Copy(Part into, Part from, Tensor at)
        {
            if (to.View(into) is not null)
                Copied(into, _byRow[from].index_select(0, at));
        }

        // A batch of sequences has one axis more than its places.
        void Copied(Part into, Tensor values)
        {
            var view = to.View(into)!;
            view.copy_(values.view(view.shape));
        }
    }

    public void Dispose()
    {
        _draws?.Dispose();
        foreach (var tensor in _all)
            tensor.Dispose();
    }

    // [B] first items to the [T * B] items of their windows, each going round within its dataset; with the marks of their steps.
    Tensor Windows(Tensor starts, DrawnBatch drawn, BatchMemory to)
    {
        Tensor items;
        if (_draws is not null)
        {
            items = (starts + _offsets!).remainder(_firstItem[^1]);
        }
        else
        {
            for (var s = 0; s + 1 < drawn.FirstSlots.Length; s++)
            {
                var slots = drawn.FirstSlots[s]..drawn.FirstSlots[s + 1];
                _hostFirst.AsSpan(slots).Fill(_firstItem[s]);
                _hostCount.AsSpan(slots).Fill(_firstItem[s + 1] - _firstItem[s]);
            }

            var first = tensor(_hostFirst).to(_device);
            items = (starts - first + _offsets!).remainder(tensor(_hostCount).to(_device)) + first;
        }

        items = items.flatten();
        var (resets, mask) = (to.View(Part.Resets)!, to.View(Part.LossMask)!);
        resets.copy_(_resets!.index_select(0, items).view(resets.shape));
        resets.narrow(0, 0, 1).fill_(true);
        mask.copy_(_usable!.index_select(0, items).view(mask.shape));
        if (_burnIn > 0)
            mask.narrow(0, 0, _burnIn).zero_();
        return items;
    }

    // [B] places to [B, frames * features].
    Tensor Features(Tensor places)
    {
        var encoder = _sources.Encoder;
        if (_newest is not null)
        {
            // Frame k back from the newest, but not before the first of the episode.
            var (newest, oldest) = (_newest.index_select(0, places), _oldest!.index_select(0, places));
            var frames = new List<Tensor>();
            for (var back = encoder.Frames - 1; back > 0; back--)
                frames.Add((newest - back).maximum(oldest));
            frames.Add(places);
            places = stack([.. frames], 1).flatten();
        }

        var found = _observations.index_select(0, places);
        if (_oneHot is not null)
            found = _oneHot.index_select(0, found.flatten());
        else if (encoder.Encoding == ObservationEncoding.Bytes)
            found = found.to(ScalarType.Float32).mul_(encoder.Scale[0]);
        return found.view(-1, encoder.Size);
    }

    // Orders with a memory, and mixtures, draw on the host: a few bytes an item cross.
    Tensor HostItems(long batch, DrawnBatch drawn, BatchMemory to)
    {
        _sources.Draw.Draw(batch, drawn);
        for (var s = 0; s + 1 < drawn.FirstSlots.Length; s++)
        {
            for (var i = drawn.FirstSlots[s]; i < drawn.FirstSlots[s + 1]; i++)
                _hostItems[i] = _firstItem[s] + drawn.Items[i];
        }

        if (to.View(Part.Weights) is { } weights)
            weights.copy_(tensor(drawn.Weights));
        return tensor(_hostItems).to(_device);
    }

    Tensor Keep(Tensor tensor)
    {
        _all.Add(tensor.DetachFromDisposeScope());
        return tensor;
    }
}
