namespace OfflineRL.Datasets;

/// <summary>
/// Where whole episodes are written, one behind the other: native memory that does not move. N: steps in all, E: episodes, F: features of an
/// observation, A: actions or action dimensions. A pointer that is null is a part nobody asked for.
/// </summary>
public readonly unsafe struct EpisodeTarget
{
    /// <summary>N: rows of the memory in use.</summary>
    public required int Rows { get; init; }

    /// <summary>E.</summary>
    public required int Episodes { get; init; }

    /// <summary>[N + E, F], as the encoder makes them: the observations, then one final observation an episode, zeros where it counts for nothing.</summary>
    public float* States { get; init; }

    /// <summary>[N], discrete.</summary>
    public long* Actions { get; init; }

    /// <summary>[N, A], continuous.</summary>
    public float* ContinuousActions { get; init; }

    /// <summary>[N, A], 1: allowed.</summary>
    public byte* ActionMasks { get; init; }

    /// <summary>[N].</summary>
    public float* Rewards { get; init; }

    /// <summary>[N]: gamma where the value of what comes next counts, 0 where the step terminated or its next observation is unknown.</summary>
    public float* Discounts { get; init; }

    /// <summary>[N]: 1, and 0 at the last step of an episode.</summary>
    public float* Continues { get; init; }

    /// <summary>[N], natural logarithm, NaN: unknown.</summary>
    public float* BehaviorLogProbabilities { get; init; }

    /// <summary>[N]: which of the batch's episodes a row belongs to.</summary>
    public long* EpisodeIndex { get; init; }

    /// <summary>[N]: t, from 0 in each episode.</summary>
    public long* StepIndex { get; init; }

    /// <summary>[N]: the row in <see cref="States"/> of the next observation.</summary>
    public long* NextRows { get; init; }

    /// <summary>[E]: the last row of each episode.</summary>
    public long* LastRows { get; init; }

    /// <summary>[E]: 1 where the value of the final observation counts: it is known, and the episode did not terminate.</summary>
    public float* Bootstraps { get; init; }
}

/// <summary>Copies whole episodes of one dataset into a batch.</summary>
/// <remarks>It holds the columns: their files stay mapped until it is disposed.</remarks>
public sealed unsafe class WholeEpisodeReader : IDisposable
{
    readonly EpisodeSelection _selection;
    readonly FrameReader _frames;
    readonly IDisposable _hold;
    readonly RewardTransform _rewards;
    readonly int _features, _actions;
    readonly float _discount;
    int _checked;

    /// <param name="selection">The episodes that may be asked for.</param>
    /// <param name="encoder">Of the columns' observation space.</param>
    /// <param name="rewards">What rewards become.</param>
    /// <param name="discount">gamma, in [0, 1].</param>
    /// <exception cref="UserErrorException">An action lies outside of the action space.</exception>
    public WholeEpisodeReader(EpisodeSelection selection, ObservationEncoder encoder, RewardTransform rewards, double discount)
    {
        var columns = selection.Columns;
        if (columns.Steps > Array.MaxLength)
            throw Throw.TooManySteps(columns.Info);
        (_selection, _rewards, _discount) = (selection, rewards, (float)discount);
        RequireActions();
        _hold = columns.Hold();
        _frames = new(columns, encoder);
        _features = encoder.Size;
        _actions = columns.Info.ActionSpace is DiscreteSpace discrete ? discrete.Count : columns.Info.ActionSpace.FlatSize;
    }

    /// <summary>Steps of an episode of the selection.</summary>
    /// <param name="item">Its number in the selection.</param>
    public int StepsOf(int item)
    {
        var rows = _selection.Columns.EpisodeFirstRow.Slice(_selection.Episodes[item], 2);
        return (int)(rows[1] - rows[0]);
    }

    /// <summary>Looks at the episodes that were appended to the selection since.</summary>
    /// <exception cref="UserErrorException">An action lies outside of the action space.</exception>
    public void Extend() => RequireActions();

    /// <summary>Writes one episode.</summary>
    /// <param name="item">Its number in the selection.</param>
    /// <param name="target">The batch.</param>
    /// <param name="episode">Which of the batch's episodes it is.</param>
    /// <param name="row">The first of its rows.</param>
    public void Read(int item, in EpisodeTarget target, int episode, int row)
    {
        var columns = _selection.Columns;
        var number = _selection.Episodes[item];
        var rows = columns.EpisodeFirstRow.Slice(number, 2);
        var (first, steps) = ((int)rows[0], (int)(rows[1] - rows[0]));
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(row, target.Rows - steps);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)episode, (uint)target.Episodes, nameof(episode));
        var terminated = columns.Terminated[first + steps - 1][0] != 0;
        var bootstraps = !terminated && columns.FinalObservationKnown[number][0] != 0;
        for (var t = 0; t < steps; t++)
            _frames.Read(first + t, target.States + ((long)(row + t) * _features));
        ReadFinal(number, bootstraps, target.States + ((long)(target.Rows + episode) * _features));
        ReadActions(first, steps, target, row);
        var rewards = columns.Rewards.Slice(first, steps);
        for (var t = 0; t < steps; t++)
        {
            var last = t == steps - 1;
            target.Rewards[row + t] = (float)_rewards.Apply(rewards[t]);
            target.Discounts[row + t] = !last || bootstraps ? _discount : 0;
            target.Continues[row + t] = last ? 0 : 1;
            target.EpisodeIndex[row + t] = episode;
            target.StepIndex[row + t] = t;
            target.NextRows[row + t] = last ? target.Rows + episode : row + t + 1;
        }

        if (target.BehaviorLogProbabilities is not null)
        {
            var logs = columns.BehaviorLogProbabilities!.Slice(first, steps);
            for (var t = 0; t < steps; t++)
                target.BehaviorLogProbabilities[row + t] = (float)logs[t];
        }

        target.LastRows[episode] = row + steps - 1;
        target.Bootstraps[episode] = bootstraps ? 1 : 0;
    }

    public void Dispose() => _hold.Dispose();

    void ReadFinal(int number, bool counts, float* to)
    {
        if (counts)
            _frames.Read(-1 - number, to);
        else
            new Span<float>(to, _features).Clear();
    }

    void ReadActions(int first, int steps, in EpisodeTarget target, int row)
    {
        var columns = _selection.Columns;
        if (target.Actions is not null)
        {
            var actions = columns.DiscreteActions!.Slice(first, steps);
            for (var t = 0; t < steps; t++)
                target.Actions[row + t] = actions[t];
        }

        if (target.ContinuousActions is not null)
            columns.ContinuousActions!.Slice(first, steps).CopyTo(new Span<float>(target.ContinuousActions + ((long)row * _actions), steps * _actions));
        if (target.ActionMasks is not null)
            columns.ActionMasks!.Slice(first, steps).CopyTo(new Span<byte>(target.ActionMasks + ((long)row * _actions), steps * _actions));
    }

    // Learners index by actions, some of them without a look.
    void RequireActions()
    {
        var columns = _selection.Columns;
        var episodes = _selection.Episodes;
        for (; columns.DiscreteActions is { } actions && _checked < episodes.Length; _checked++)
        {
            var rows = columns.EpisodeFirstRow.Slice(episodes[_checked], 2);
            var taken = actions.Slice(rows[0], (int)(rows[1] - rows[0]));
            if (taken.IndexOfAnyExceptInRange(0, ((DiscreteSpace)columns.Info.ActionSpace).Count - 1) is >= 0 and var step)
                throw Throw.NotInSpace(columns, episodes[_checked], step, taken[step]);
        }
    }
}
