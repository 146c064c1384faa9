using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>Gathers what fits read: observations, actions, and what the policy does at every point of the log.</summary>
static class FitLogBuilder
{
    const int ChunkRows = 8192;

    /// <summary>Gathers.</summary>
    /// <param name="log">The episodes.</param>
    /// <param name="policy">One that can act, for continuous actions; one that is stored with the log says nothing of what follows a cut.</param>
    /// <param name="draws">K, for continuous actions.</param>
    /// <param name="random">For the draws.</param>
    /// <param name="cancellation">Looked at between chunks of rows.</param>
    /// <exception cref="UserErrorException">The horizon is infinite at discount 1 with cut episodes, or a state is not in the space.</exception>
    public static FitLog Create(OpeLog log, IEvaluationPolicy policy, int draws, RandomStream random, CancellationToken cancellation)
    {
        var (columns, rows) = (log.Columns, log.Rows);
        var (steps, episodes) = (rows.Rewards.Length, rows.Episodes);
        var computed = policy as ComputedPolicy;
        draws = computed is { IsDeterministic: true } ? 1 : draws;
        var fit = new FitLog
        {
            FirstRow = rows.FirstRow,
            Rewards = rows.Rewards,
            Terminated = new bool[episodes],
            FinalKnown = new bool[episodes],
            EpisodeHash = new long[episodes],
            Discount = log.Discount,
            IsFinite = log.Horizon == ValueHorizon.Finite,
            StateCount = columns.Info.ObservationSpace is DiscreteSpace states ? states.Count : 0,
            States = columns.Info.ObservationSpace is DiscreteSpace ? new int[steps + episodes] : null,
            ObservationSize = columns.Info.ObservationSpace is DiscreteSpace ? 0 : columns.Info.ObservationSpace.FlatSize,
            Observations = columns.Info.ObservationSpace is DiscreteSpace ? null : new float[(steps + episodes) * (long)columns.Info.ObservationSpace.FlatSize],
            ActionCount = columns.Info.ActionSpace is DiscreteSpace actions ? actions.Count : columns.Info.ActionSpace.FlatSize,
            Actions = columns.DiscreteActions is null ? null : new int[steps],
            Probabilities = columns.DiscreteActions is null ? [] : new double[(steps + episodes) * (long)((DiscreteSpace)columns.Info.ActionSpace).Count],
            ContinuousActions = columns.ContinuousActions is null ? null : new float[steps * (long)columns.Info.ActionSpace.FlatSize],
            Draws = columns.ContinuousActions is null ? 0 : draws,
            DrawnActions = columns.ContinuousActions is null ? [] : new float[(steps + episodes) * (long)draws * columns.Info.ActionSpace.FlatSize],
        };
        if (fit.ContinuousActions is not null && computed is null)
            throw EvaluateThrow.FitNeedsAPolicyThatActs(columns.Info.Dataset);

        GatherEnds(log, fit, computed is not null);
        GatherSteps(log, fit, policy, cancellation);
        GatherFinals(log, fit, computed);
        for (var point = 0; fit.ContinuousActions is not null && point < fit.Points; point += ChunkRows)
        {
            cancellation.ThrowIfCancellationRequested();
            var count = Math.Min(ChunkRows, fit.Points - point);
            computed!.Draw(fit.Observations ?? Floats(fit.States!, point, count), fit.Observations is null ? 0 : point, count, draws,
                fit.DrawnActions.AsSpan(point * draws * fit.ActionCount, count * draws * fit.ActionCount), random.Derive((ulong)point));
        }

        return fit;
    }

    static void GatherEnds(OpeLog log, FitLog fit, bool policyKnowsFinals)
    {
        var (columns, rows) = (log.Columns, log.Rows);
        var cut = 0;
        for (var i = 0; i < fit.Episodes; i++)
        {
            var last = rows.DatasetRow(i) + fit.Length(i) - 1;
            var episode = columns.EpisodeIndex[last][0];
            fit.Terminated[i] = columns.Terminated[last][0] != 0;
            fit.FinalKnown[i] = policyKnowsFinals && columns.FinalObservationKnown[episode][0] != 0;
            fit.EpisodeHash[i] = columns.EpisodeKeyHash[episode][0];
            cut += fit.Terminated[i] ? 0 : 1;
        }

        if (!fit.IsFinite && fit.Discount == 1 && cut > 0)
            throw EvaluateThrow.InfiniteNeedsDiscount(columns.Info.Dataset, cut);
    }

    static void GatherSteps(OpeLog log, FitLog fit, IEvaluationPolicy policy, CancellationToken cancellation)
    {
        var columns = log.Columns;
        var logProbabilities = new double[ChunkRows];
        foreach (var (row, first, count) in log.Rows.Chunks(ChunkRows))
        {
            cancellation.ThrowIfCancellationRequested();
            if (fit.States is not null)
                CopyStates(columns, fit, columns.Observations!.Slice(row, count), first, columns.EpisodeIndex[row][0]);
            else if (columns.Observations is { } floats)
                floats.Slice(row, count).CopyTo(fit.Observations.AsSpan(first * fit.ObservationSize));
            else
                Widen(columns.ObservationBytes!.Slice(row, count), fit.Observations.AsSpan(first * fit.ObservationSize));
            columns.ContinuousActions?.Slice(row, count).CopyTo(fit.ContinuousActions.AsSpan(first * fit.ActionCount));
            if (fit.Actions is null)
                continue;
            columns.DiscreteActions!.Slice(row, count).CopyTo(fit.Actions.AsSpan(first));
            policy.Score(row, logProbabilities.AsSpan(0, count), fit.Probabilities.AsSpan(first * fit.ActionCount, count * fit.ActionCount));
        }
    }

    // What the log masks after a cut is not stored: all actions are taken to be allowed there.
    static void GatherFinals(OpeLog log, FitLog fit, ComputedPolicy? computed)
    {
        var columns = log.Columns;
        for (var i = 0; i < fit.Episodes; i++)
        {
            if (!fit.FinalKnown[i])
                continue;
            var (episode, point) = (columns.EpisodeIndex[log.Rows.DatasetRow(i)][0], fit.Steps + i);
            if (fit.States is not null)
                CopyStates(columns, fit, columns.FinalObservations!.Slice(episode, 1), point, episode);
            else if (columns.FinalObservations is { } floats)
                floats.Slice(episode, 1).CopyTo(fit.Observations.AsSpan(point * fit.ObservationSize));
            else
                Widen(columns.FinalObservationBytes!.Slice(episode, 1), fit.Observations.AsSpan(point * fit.ObservationSize));
            if (fit.Actions is not null)
                computed!.Distribution(fit.Observations is { } all ? all.AsSpan(point * fit.ObservationSize, fit.ObservationSize) : [fit.States![point]], fit.Probabilities.AsSpan(point * fit.ActionCount, fit.ActionCount));
        }
    }

    static void CopyStates(TrainingColumns columns, FitLog fit, ReadOnlySpan<float> observations, int first, int episode)
    {
        for (var i = 0; i < observations.Length; i++)
        {
            var state = (int)observations[i];
            if (state != observations[i] || (uint)state >= (uint)fit.StateCount)
                throw EvaluateThrow.UnknownState(observations[i], fit.StateCount, columns.Info.Dataset, episode);
            fit.States![first + i] = state;
        }
    }

    static void Widen(ReadOnlySpan<byte> bytes, Span<float> floats)
    {
        for (var i = 0; i < bytes.Length; i++)
            floats[i] = bytes[i];
    }

    static float[] Floats(int[] states, int first, int count) => Array.ConvertAll(states[first..(first + count)], s => (float)s);
}
