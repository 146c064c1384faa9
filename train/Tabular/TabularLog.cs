using OfflineRL.Datasets;

namespace OfflineRL.Train.Tabular;

/// <summary>The episodes of one part of a dataset as transitions between numbered states.</summary>
public sealed unsafe class TabularLog
{
    readonly List<TrainingColumns> _sources;
    readonly (int Source, int Episode)[] _episodes;

    /// <param name="data">Several datasets count by their steps. Outlives this.</param>
    /// <param name="split">The part to read.</param>
    /// <exception cref="UserErrorException">
    /// Observations or actions are not discrete, datasets have unequal shares, the part is not there or empty, or an observation is no state.
    /// </exception>
    public TabularLog(TrainingData data, string split)
    {
        var (sources, info) = (data.Sources.Select(source => source.Columns).ToList(), data.Info);
        if (data.Sources.Any(source => source.Share != data.Sources[0].Share))
            Throw.User($"{info.Dataset}: tabular methods take every step of every dataset once a pass, so shares mean nothing to them; expected equal ones.");
        if (info.ObservationSpace is not DiscreteSpace states)
            Throw.User($"Dataset {info.Dataset} has the observation space {info.ObservationSpace}; tabular methods need discrete observations, one number a state. Choose another dataset or algorithm.");
        else if (info.ActionSpace is not DiscreteSpace actions)
            Throw.User($"Dataset {info.Dataset} has the action space {info.ActionSpace}; tabular methods need discrete actions. Choose another dataset or algorithm.");
        else
            (States, Actions) = (states.Count, actions.Count);
        if ((long)States * Actions > Array.MaxLength)
            Throw.User($"Dataset {info.Dataset} has {States} states and {Actions} actions; a table holds at most {Array.MaxLength} pairs. Choose another algorithm.");
        _sources = sources;
        _episodes = [.. Enumerable.Range(0, sources.Count).SelectMany(source => EpisodesOf(sources[source], split).Select(episode => (source, episode)))];
        if (_episodes.Length == 0)
            Throw.User($"Dataset {info.Dataset} has no episode to learn from in the split '{split}'. Choose another split or dataset.");
        foreach (var source in sources)
            CheckStates(source, States);
    }

    /// <summary>S.</summary>
    public int States { get; }

    /// <summary>A.</summary>
    public int Actions { get; }

    /// <summary>How many there are.</summary>
    public int Episodes => _episodes.Length;

    /// <summary>Steps of an episode.</summary>
    public int Length(int episode)
    {
        var (source, index) = _episodes[episode];
        var first = _sources[source].EpisodeFirstRow.Pointer;
        return (int)(first[index + 1] - first[index]);
    }

    /// <summary>Steps of all of them.</summary>
    public long Steps => Enumerable.Range(0, Episodes).Sum(episode => (long)Length(episode));

    /// <summary>A step.</summary>
    /// <param name="episode">0 to <see cref="Episodes"/> - 1.</param>
    /// <param name="step">0 to its length - 1.</param>
    public TabularTransition this[int episode, int step]
    {
        get
        {
            var (source, index) = _episodes[episode];
            var columns = _sources[source];
            var row = columns.EpisodeFirstRow.Pointer[index] + step;
            var isLast = row + 1 == columns.EpisodeFirstRow.Pointer[index + 1];
            var isKnown = !isLast || columns.FinalObservationKnown.Pointer[index] != 0;
            return new TabularTransition
            {
                State = (int)columns.Observations!.Pointer[row],
                Action = columns.DiscreteActions!.Pointer[row],
                Reward = columns.Rewards.Pointer[row],
                NextState = !isKnown ? -1 : (int)(isLast ? columns.FinalObservations!.Pointer[index] : columns.Observations.Pointer[row + 1]),
                NextAction = isLast ? -1 : columns.DiscreteActions.Pointer[row + 1],
                Terminated = isLast && columns.Terminated.Pointer[row] != 0,
                EndsEpisode = isLast,
            };
        }
    }

    /// <summary>All steps, episode by episode.</summary>
    public IEnumerable<TabularTransition> Transitions()
    {
        for (var episode = 0; episode < Episodes; episode++)
        {
            for (var (step, length) = (0, Length(episode)); step < length; step++)
                yield return this[episode, step];
        }
    }

    /// <summary>[S * A]: how often each action was taken in each state.</summary>
    /// <param name="knownOnly">Only steps of which it is known what followed.</param>
    public double[] Counts(bool knownOnly = false)
    {
        var counts = new double[States * Actions];
        foreach (var t in Transitions())
            counts[(t.State * Actions) + t.Action] += knownOnly && !t.Terminated && t.NextState < 0 ? 0 : 1;
        return counts;
    }

    /// <summary>The actions that count.</summary>
    /// <param name="leastCount">Those that were taken as often in the state; 0: all, or those that a mask of the data allows in some step there.</param>
    public ActionSet ActionSet(int leastCount) => leastCount > 0 ? Tabular.ActionSet.OfCounts(Actions, Counts(), leastCount) : Tabular.ActionSet.Of(Actions, Masks());

    // Without masks no state has an action, and so each gets all.
    bool[] Masks()
    {
        var allowed = new bool[States * Actions];
        foreach (var (source, episode) in _episodes)
        {
            var columns = _sources[source];
            if (columns.ActionMasks is not { } masks)
                return new bool[States * Actions];
            for (var row = columns.EpisodeFirstRow.Pointer[episode]; row < columns.EpisodeFirstRow.Pointer[episode + 1]; row++)
            {
                for (var a = 0; a < Actions; a++)
                    allowed[((int)columns.Observations!.Pointer[row] * Actions) + a] |= masks.Pointer[(row * Actions) + a] != 0;
            }
        }

        return allowed;
    }

    static IEnumerable<int> EpisodesOf(TrainingColumns columns, string split)
    {
        var part = columns.Info.Splits.ToList().IndexOf(split);
        if (part < 0)
            Throw.User($"split: dataset {columns.Info.Dataset} has no split '{split}'; it has {string.Join(", ", columns.Info.Splits)}.");
        return Enumerable.Range(0, columns.Episodes).Where(episode => columns.EpisodeSplit[episode][0] == part);
    }

    static void CheckStates(TrainingColumns columns, int states)
    {
        for (var row = 0L; row < columns.Steps; row++)
            CheckState(columns, columns.Observations!.Pointer[row], states, columns.EpisodeIndex.Pointer[row]);
        for (var episode = 0; episode < columns.Episodes; episode++)
            CheckState(columns, columns.FinalObservations!.Pointer[episode], states, episode);
    }

    static void CheckState(TrainingColumns columns, float state, int states, int episode)
    {
        if (!(state >= 0 && state < states && state == MathF.Truncate(state)))
            Throw.User($"Dataset {columns.Info.Dataset}, episode {episode}: a discrete observation is {state}; the space has 0 to {states - 1}. Check the dataset with 'offlinerl datasets check'.");
    }
}
