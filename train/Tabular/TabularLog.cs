using System.Runtime.InteropServices;
using OfflineRL.Datasets;

namespace OfflineRL.Train.Tabular;

/// <summary>The episodes of one part of a dataset as transitions between numbered states.</summary>
public sealed unsafe class TabularLog
{
    readonly List<TrainingColumns> _sources;
    readonly List<(int Source, int Episode)> _episodes = [];
    readonly string _split;
    readonly int[] _seen;
    ActionSet? _masked;

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
        (_sources, _split, _seen) = (sources, split, new int[sources.Count]);
        Extend();
        if (_episodes.Count == 0)
            Throw.User($"Dataset {info.Dataset} has no episode to learn from in the split '{split}'. Choose another split or dataset.");
    }

    /// <summary>S.</summary>
    public int States { get; }

    /// <summary>A.</summary>
    public int Actions { get; }

    /// <summary>How many there are.</summary>
    public int Episodes => _episodes.Count;

    /// <summary>Takes in the episodes that were appended since; those that were there keep their numbers. Masks of states seen now for the first time count in <see cref="ActionSet"/>.</summary>
    /// <exception cref="UserErrorException">An observation is no state.</exception>
    public void Extend()
    {
        for (var source = 0; source < _sources.Count; source++)
        {
            var columns = _sources[source];
            CheckStates(columns, _seen[source], States);
            foreach (var episode in EpisodesOf(columns, _split, _seen[source]))
            {
                _episodes.Add((source, episode));
                if (_masked is not null)
                    AddMasks(_masked, columns, episode);
            }

            _seen[source] = columns.Episodes;
        }
    }

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
    public ActionSet ActionSet(int leastCount)
    {
        if (leastCount > 0)
            return Tabular.ActionSet.OfCounts(Actions, Counts(), leastCount);
        _masked = Tabular.ActionSet.All(States, Actions);
        foreach (var (source, episode) in _episodes)
            AddMasks(_masked, _sources[source], episode);
        return _masked;
    }

    /// <summary>A mask of a state that is in no episode of the log yet.</summary>
    /// <param name="state">0 to S - 1.</param>
    /// <param name="mask">[A], true: allowed; empty: none is known.</param>
    internal void Allow(int state, ReadOnlySpan<bool> mask)
    {
        if (_masked is not null && !mask.IsEmpty)
            _masked.Allow(state, MemoryMarshal.Cast<bool, byte>(mask));
    }

    static void AddMasks(ActionSet set, TrainingColumns columns, int episode)
    {
        if (columns.ActionMasks is not { } masks)
            return;
        for (var row = columns.EpisodeFirstRow.Pointer[episode]; row < columns.EpisodeFirstRow.Pointer[episode + 1]; row++)
            set.Allow((int)columns.Observations!.Pointer[row], new(masks.Pointer + (row * set.Actions), set.Actions));
    }

    static IEnumerable<int> EpisodesOf(TrainingColumns columns, string split, int from)
    {
        var part = columns.Info.Splits.ToList().IndexOf(split);
        if (part < 0)
            Throw.User($"split: dataset {columns.Info.Dataset} has no split '{split}'; it has {string.Join(", ", columns.Info.Splits)}.");
        return Enumerable.Range(from, columns.Episodes - from).Where(episode => columns.EpisodeSplit[episode][0] == part);
    }

    static void CheckStates(TrainingColumns columns, int from, int states)
    {
        for (var row = columns.EpisodeFirstRow.Pointer[from]; row < columns.Steps; row++)
            CheckState(columns, columns.Observations!.Pointer[row], states, columns.EpisodeIndex.Pointer[row]);
        for (var episode = from; episode < columns.Episodes; episode++)
            CheckState(columns, columns.FinalObservations!.Pointer[episode], states, episode);
    }

    static void CheckState(TrainingColumns columns, float state, int states, int episode)
    {
        if (!(state >= 0 && state < states && state == MathF.Truncate(state)))
            Throw.User($"Dataset {columns.Info.Dataset}, episode {episode}: a discrete observation is {state}; the space has 0 to {states - 1}. Check the dataset with 'offlinerl datasets check'.");
    }
}
