using System.Globalization;

namespace OfflineRL.Ingest;

/// <summary>Row by row: every check, in one order, so that the same row always has the same fault.</summary>
sealed partial class SourceEpisode
{
    double? _lastStep;

    /// <summary>Appends a row; one that has a fault is left out again, unless it only does not follow the row before it.</summary>
    public RowFault? Add(RowChunk chunk, int row)
    {
        var before = Ended;
        var rows = Steps;
        _positions.Add(chunk.Position(row));
        var fault = Flags(chunk, row)
            ?? Identity(chunk, row)
            ?? ObservationFault(chunk, row)
            ?? ActionFault(chunk, row)
            ?? PropensityFault(chunk, row, plan.ActionCount > 0 ? _discrete.Span[^1] : -1)
            ?? Rest(chunk, row)
            ?? (before && plan.IdsAlone ? AfterEnd(plan.EpisodeId!) : null);
        var step = plan.Step is { } field ? StepFault(field, chunk[field].Number(row)) : null;
        fault ??= step;
        if (fault is null)
            return null;
        if (fault is { Breaks: false })
            Truncate(rows);
        if (_breaks.Count == 0 || _breaks[^1] < rows)
            _breaks.Add(rows);
        return fault;
    }

    /// <summary>Of an episode that is rejected: its rows are listed, and looked at no more.</summary>
    public void Skip(RowChunk chunk, int row)
    {
        _positions.Add(chunk.Position(row));
        Flags(chunk, row);
    }

    RowFault? Flags(RowChunk chunk, int row)
    {
        var terminatedFault = Flag(chunk, row, plan.Terminated, out var terminated);
        var truncatedFault = Flag(chunk, row, plan.Truncated, out var truncated);
        var doneFault = Flag(chunk, row, plan.Done, out var done);
        _terminated.Add(terminated);
        _truncated.Add(truncated);
        _done.Add(done);
        Ended = terminated || truncated || done;
        return terminatedFault ?? truncatedFault ?? doneFault;
    }

    static RowFault? Flag(RowChunk chunk, int row, ImportField? field, out bool value)
    {
        value = false;
        if (field is null)
            return null;
        var number = chunk[field].Number(row);
        value = number == 1;
        return number is 0 or 1 ? null : new RowFault(field.Columns[0], null, "a flag: true or false, 1 or 0", "flag");
    }

    static RowFault AfterEnd(ImportField id) =>
        new(id.Columns[0], "a row of an episode that ended before it", "an end flag on the last row of an episode alone", "row_after_end") { Breaks = true };

    RowFault? Identity(RowChunk chunk, int row)
    {
        if (plan.EpisodeId is { } id && chunk[id].IsNull(row))
            return new RowFault(id.Columns[0], null, "the id of the row's episode", "episode_id");
        if (plan.SplitKey is { } splitKey)
        {
            var key = chunk[splitKey].Text(row);
            if (key is null || (SplitKey is not null && key != SplitKey))
                return new RowFault(splitKey.Columns[0], null, SplitKey is null ? "a text" : $"'{SplitKey}', as in the episode's other rows: an episode falls into one part of the split", "split_key");
            SplitKey = key;
        }

        if (plan.BehaviorPolicy is { } policy)
        {
            var name = chunk[policy].Text(row);
            if (name is null || (BehaviorPolicy is not null && name != BehaviorPolicy))
                return new RowFault(policy.Columns[0], null, BehaviorPolicy is null ? "the name of a policy" : $"'{BehaviorPolicy}', as in the episode's other rows", "behavior_policy");
            BehaviorPolicy = name;
        }

        return null;
    }

    RowFault? StepFault(ImportField field, double step)
    {
        var (first, last) = (FirstStep, _lastStep);
        _lastStep = double.IsFinite(step) ? step : last + 1;
        if (last is { } before)
        {
            return step == before + 1
                ? null
                : new RowFault(field.Columns[0], null, FormattableString.Invariant($"{before + 1}, the step after the row before it: a row is missing or there twice"), "step") { Breaks = double.IsFinite(step) };
        }

        FirstStep ??= step;
        return first is { } expected ? step == expected ? null : Missing() : step is 0 or 1 ? null : Missing();

        RowFault Missing() => new(field.Columns[0], null, FormattableString.Invariant($"{first?.ToString(CultureInfo.InvariantCulture) ?? "0 or 1"} for the first row of an episode: rows are missing before it"), "step") { Breaks = double.IsFinite(step) };
    }

    RowFault? ImageFault(RowChunk chunk, int row)
    {
        var image = chunk[plan.Observation].Bytes(row);
        if (image.Length != plan.Observation.Width)
            return new RowFault(plan.Observation.Columns[0], $"{image.Length} bytes", $"{plan.Observation.Width} bytes, as in the first row", "width");
        _images.Add(image);
        if (plan.NextObservation is not { } next)
            return null;
        var after = chunk[next].Bytes(row);
        _nextKnown.Add(!after.IsEmpty);
        if (!after.IsEmpty && after.Length != next.Width)
            return new RowFault(next.Columns[0], $"{after.Length} bytes", $"{next.Width} bytes, as in the first row", "width");
        // A step of which nothing is known takes the room of one.
        var room = _nextImages.Extend(next.Width);
        room.Clear();
        after.CopyTo(room);
        return null;
    }

    RowFault? ObservationFault(RowChunk chunk, int row)
    {
        if (plan.ObservationsAreBytes)
            return ImageFault(chunk, row);
        var fault = Vector(chunk, row, plan.Observation, _observations);
        if (fault is not null)
            return fault;
        if (plan.Config.ObservationCount is { } count && !IsIndex(_observations.Span[^1], count))
            return new RowFault(plan.Observation.Columns[0], null, $"a whole number from 0 to {count - 1}", "observation_space");
        if (plan.NextObservation is not { } next)
            return null;
        // Sources leave it empty where nothing followed; that is unknown, not wrong.
        var values = chunk[next].Singles(row);
        var known = !values.IsEmpty && !values.ContainsAnyExceptInRange(float.NegativeInfinity, float.PositiveInfinity);
        _nextKnown.Add(known);
        if (known)
            return Vector(chunk, row, next, _next);
        _next.Extend(next.Width).Clear();
        return null;
    }

    RowFault? ActionFault(RowChunk chunk, int row)
    {
        if (plan.ActionCount == 0)
            return Vector(chunk, row, plan.Action, _continuous);
        var values = chunk[plan.Action].Numbers(row);
        var action = values.Length == 1 ? values[0] : double.NaN;
        if (!IsIndex(action, plan.ActionCount))
            return new RowFault(plan.Action.Columns[0], null, $"a whole number from 0 to {plan.ActionCount - 1} (set action_count where there are more actions, continuous_action where they are real numbers)", "action_space");
        _discrete.Add((int)action);
        if (plan.Mask is not { } mask)
            return null;
        var flags = chunk[mask].Numbers(row);
        if (flags.Length != plan.ActionCount || flags.ContainsAnyExcept(0.0, 1.0) || flags[(int)action] == 0)
            return new RowFault(mask.Columns[0], null, $"{plan.ActionCount} flags, one for each action, with the taken action {action} allowed", "action_mask");
        foreach (var flag in flags)
            _masks.Add(flag == 1);
        return null;
    }

    RowFault? PropensityFault(RowChunk chunk, int row, int action)
    {
        if (!plan.HasPropensities)
            return null;
        if ((DistributionFault(plan.Probabilities) ?? DistributionFault(plan.Logits)) is { } wrong)
            return wrong;
        var distribution = plan.HasProbabilities ? _probabilities.Extend(plan.ActionCount) : [];
        var logged = new LoggedPropensity
        {
            Action = action,
            LogProbability = Given(plan.LogProbability),
            Probability = Given(plan.Probability),
            Probabilities = plan.Probabilities is { } probabilities ? chunk[probabilities].Numbers(row) : [],
            Logits = plan.Logits is { } logits ? chunk[logits].Numbers(row) : [],
            Mask = _masks.Count == 0 ? [] : _masks.Span[^plan.ActionCount..],
        };
        if (LoggedPropensities.Resolve(logged, plan.Config.PropensityTolerance, distribution, out var log) is { } fault)
        {
            var found = new RowFault(plan.PropensityField(fault.Part).Columns[0], fault.Found, fault.Expected, fault.Check.Name);
            if (plan.Config.OnError != ErrorRule.Keep || !fault.CanKeep)
                return found;
            _doubts.Add((found, _logProbabilities.Count));
        }

        _logProbabilities.Add(log);
        return null;

        RowFault? DistributionFault(ImportField? field) =>
            field is not null && (chunk[field].Numbers(row) is var values && (values.Length != plan.ActionCount || values.ContainsAnyExceptInRange(double.MinValue, double.MaxValue)))
                ? new RowFault(field.Columns[0], null, $"{plan.ActionCount} finite numbers, one for each action", Checks.Probabilities.Name)
                : null;

        // Nothing is unknown; NaN, as a number, is wrong.
        double Given(ImportField? field) =>
            field is null || chunk[field].IsNull(row) ? double.NaN : chunk[field].Number(row) is var value && double.IsNaN(value) ? double.PositiveInfinity : value;
    }

    RowFault? Rest(RowChunk chunk, int row)
    {
        var reward = chunk[plan.Reward].Number(row);
        if (!double.IsFinite(reward))
            return new RowFault(plan.Reward.Columns[0], null, "a finite number", "not_finite");
        if (plan.Features is { } features && Vector(chunk, row, features, _features) is { } fault)
            return fault;
        if (plan.Timestamp is { } time)
        {
            if (chunk[time].IsNull(row))
                return new RowFault(time.Columns[0], null, "a time such as 2026-01-31T12:00:00Z", "timestamp");
            _times.Add(chunk[time].Time(row));
        }

        for (var i = 0; i < _info.Length; i++)
        {
            var field = plan.Info[i];
            var values = field.Width > 0 ? chunk[field].Numbers(row) : [chunk[field].Number(row)];
            if (values.Length != Math.Max(1, field.Width) || values.ContainsAny(double.PositiveInfinity, double.NegativeInfinity))
                return new RowFault(field.Columns[0], null, field.Width > 0 ? $"{field.Width} numbers, as in the first row that has any" : "a number, or nothing", "info");
            _info[i].Add(values);
        }

        for (var i = 0; i < _infoText.Length; i++)
            _infoText[i].Add(chunk[plan.InfoText[i]].Text(row));
        _rewards.Add(reward);
        return null;
    }

    static RowFault? Vector(RowChunk chunk, int row, ImportField field, RowBuffer<float> column)
    {
        var values = chunk[field].Singles(row);
        if (values.Length != field.Width)
            return new RowFault(field.Columns[0], null, $"{field.Width} numbers, as in the first row that has any", "width");
        for (var i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
                return new RowFault(field.ColumnOf(i), null, "a finite number within the range of float32", "not_finite");
        }

        column.Add(values);
        return null;
    }

    static bool IsIndex(double value, int count) => value >= 0 && value < count && value == Math.Floor(value);
}
