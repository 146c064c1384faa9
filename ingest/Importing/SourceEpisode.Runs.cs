using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>Whole runs of rows at once, where nothing about them is unusual.</summary>
sealed partial class SourceEpisode
{
    /// <summary>Appends rows of one episode; false: something about them is unusual and none was appended, so that they go in one by one.</summary>
    public bool TryAddRun(RowChunk chunk, int first, int count)
    {
        var rows = Steps;
        var (splitKey, policy, firstStep, lastStep) = (SplitKey, BehaviorPolicy, FirstStep, _lastStep);
        if (!Ended && chunk.Even && TryIdentity(chunk, first, count) && TryFlags(chunk, first, count) && TryValues(chunk, first, count))
        {
            _positions.Add(chunk.Positions(first, count));
            Ended = _terminated.Span[^1] || _truncated.Span[^1] || _done.Span[^1];
            return true;
        }

        Truncate(rows);
        (SplitKey, BehaviorPolicy, FirstStep, _lastStep) = (splitKey, policy, firstStep, lastStep);
        return false;
    }

    bool TryIdentity(RowChunk chunk, int first, int count)
    {
        if (plan.EpisodeId is { } id && chunk[id].AnyNull(first, count))
            return false;
        if (plan.SplitKey is { } splitKey)
        {
            SplitKey ??= chunk[splitKey].Text(first);
            if (SplitKey is null || !chunk[splitKey].AreAll(first, count, SplitKey))
                return false;
        }

        if (plan.BehaviorPolicy is { } policy)
        {
            BehaviorPolicy ??= chunk[policy].Text(first);
            if (BehaviorPolicy is null || !chunk[policy].AreAll(first, count, BehaviorPolicy))
                return false;
        }

        if (plan.Step is not { } step)
            return true;
        var steps = chunk[step].NumberRows(first, count);
        if (_lastStep is null && (FirstStep is { } expected ? steps[0] != expected : steps[0] is not (0 or 1)))
            return false;
        FirstStep ??= steps[0];
        var from = _lastStep + 1 ?? steps[0];
        for (var i = 0; i < count; i++)
        {
            if (steps[i] != from + i)
                return false;
        }

        _lastStep = steps[^1];
        return true;
    }

    // Rows of an episode are followed by others of it until the last: a flag before it is a fault, or ends the run of those without ids.
    bool TryFlags(RowChunk chunk, int first, int count) =>
        TryFlag(chunk, plan.Terminated, first, _terminated.Extend(count))
        && TryFlag(chunk, plan.Truncated, first, _truncated.Extend(count))
        && TryFlag(chunk, plan.Done, first, _done.Extend(count));

    static bool TryFlag(RowChunk chunk, ImportField? field, int first, Span<bool> flags)
    {
        if (field is null)
        {
            flags.Clear();
            return true;
        }

        var numbers = chunk[field].NumberRows(first, flags.Length);
        for (var i = 0; i < flags.Length; i++)
        {
            flags[i] = numbers[i] == 1;
            if (numbers[i] is not (0 or 1) || (flags[i] && i < flags.Length - 1))
                return false;
        }

        return true;
    }

    bool TryValues(RowChunk chunk, int first, int count)
    {
        if (!(plan.ObservationsAreBytes ? TryImages(chunk, first, count) : TryObservations(chunk, first, count)) || !TryActions(chunk, first, count, _rewards.Count))
            return false;
        var rewards = chunk[plan.Reward].NumberRows(first, count);
        _rewards.Add(rewards);
        if (!FiniteNumbers.All(rewards))
            return false;
        if (plan.Features is { } features)
        {
            var numbers = chunk[features].SingleRows(first, count);
            _features.Add(numbers);
            if (!FiniteNumbers.All(numbers))
                return false;
        }

        if (plan.Timestamp is { } time)
        {
            if (chunk[time].AnyNull(first, count))
                return false;
            _times.Add(chunk[time].TimeRows(first, count));
        }

        for (var i = 0; i < _info.Length; i++)
        {
            var values = chunk[plan.Info[i]].NumberRows(first, count);
            if (values.ContainsAny(double.PositiveInfinity, double.NegativeInfinity) || (plan.Info[i].Width > 0 && chunk[plan.Info[i]].AnyNull(first, count)))
                return false;
            _info[i].Add(values);
        }

        for (var i = 0; i < _infoText.Length; i++)
            chunk[plan.InfoText[i]].Texts(first, _infoText[i].Extend(count));
        return true;
    }

    bool TryImages(RowChunk chunk, int first, int count)
    {
        _images.Add(chunk[plan.Observation].ByteRows(first, count));
        if (plan.NextObservation is { } next)
        {
            _nextImages.Add(chunk[next].ByteRows(first, count));
            _nextKnown.Extend(count).Fill(true);
        }

        return true;
    }

    bool TryObservations(RowChunk chunk, int first, int count)
    {
        var observation = chunk[plan.Observation].SingleRows(first, count);
        if (!FiniteNumbers.All(observation))
            return false;
        _observations.Add(observation);
        if (plan.Config.ObservationCount is { } observations && !AreIndices(_observations.Span[^count..], observations))
            return false;
        return plan.NextObservation is not { } next || TryNext(chunk[next], next.Width, first, count);
    }

    bool TryNext(FieldBuffer next, int width, int first, int count)
    {
        var from = next.SingleRows(first, count);
        var to = _next.Extend(from.Length);
        from.CopyTo(to);
        var known = _nextKnown.Extend(count);
        known.Fill(true);
        if (FiniteNumbers.All(from))
            return true;
        for (var i = 0; i < count; i++)
        {
            var row = to.Slice(i * width, width);
            known[i] = !row.ContainsAnyExceptInRange(float.NegativeInfinity, float.PositiveInfinity);
            if (!known[i])
                row.Clear();
            else if (!FiniteNumbers.All(row))
                return false;
        }

        return true;
    }

    bool TryActions(RowChunk chunk, int first, int count, int rows)
    {
        if (plan.ActionCount == 0)
        {
            var action = chunk[plan.Action].SingleRows(first, count);
            if (!FiniteNumbers.All(action))
                return false;
            _continuous.Add(action);
        }
        else if (plan.Mask is null)
        {
            var from = chunk[plan.Action].NumberRows(first, count);
            var to = _discrete.Extend(count);
            for (var i = 0; i < count; i++)
            {
                to[i] = (int)from[i];
                if (to[i] != from[i] || (uint)to[i] >= (uint)plan.ActionCount)
                    return false;
            }
        }

        // Masks and probabilities belong to their row's action.
        for (var i = 0; (plan.HasPropensities || plan.Mask is not null) && i < count; i++)
        {
            if (plan.Mask is not null && ActionFault(chunk, first + i) is not null)
                return false;
            if (plan.HasPropensities && PropensityFault(chunk, first + i, plan.ActionCount == 0 ? -1 : _discrete.Span[rows + i]) is not null)
                return false;
        }

        return true;
    }

    static bool AreIndices(ReadOnlySpan<float> values, int count)
    {
        foreach (var value in values)
        {
            if (!IsIndex(value, count))
                return false;
        }

        return true;
    }
}
