using System.Globalization;
using System.Runtime.InteropServices;

namespace OfflineRL.Datasets;

/// <summary>
/// Collects the transitions of an MDP in any order and makes a checked <see cref="TabularMdp"/> of them.
/// </summary>
/// <remarks>
/// Rows whose probabilities sum to 1 within 1e-9 are taken as they are; within 1e-6 they are divided by their sum and
/// <see cref="TabularMdp.Notes"/> says so; farther off they are refused. The start distribution likewise.
/// Outcomes of a row that agree in next state, reward and ending are added up; those of probability 0 are left out.
/// </remarks>
public sealed class TabularMdpBuilder
{
    /// <summary>How far a sum of probabilities may lie from 1 and be mended.</summary>
    public const double LoadTolerance = 1e-6;

    /// <summary>How far a sum of probabilities may lie from 1 and be taken as it is.</summary>
    public const double ExactTolerance = 1e-9;

    readonly List<Entry> _entries = [];
    readonly double[] _start;
    bool[]? _mask;
    bool[]? _terminal;

    /// <param name="states">S, at least 1.</param>
    /// <param name="actions">A, at least 1.</param>
    /// <param name="source">Where the tables come from, for messages: a file, or an environment's id.</param>
    /// <exception cref="UserErrorException">A size is not positive, or there are more than 2^31 pairs of state and action.</exception>
    public TabularMdpBuilder(int states, int actions, string source)
    {
        if (states < 1 || actions < 1 || (long)states * actions >= Array.MaxLength)
            throw Throw.MdpSizes(source, states, actions);
        (StateCount, ActionCount, Source, _start) = (states, actions, source, new double[states]);
    }

    public int StateCount { get; }

    public int ActionCount { get; }

    public string Source { get; }

    /// <summary>0 to 1.</summary>
    public double Discount { get; init; } = 1;

    /// <summary>[S], or null.</summary>
    public IReadOnlyList<string>? StateNames { get; set; }

    /// <summary>[A], or null.</summary>
    public IReadOnlyList<string>? ActionNames { get; set; }

    /// <summary>
    /// Whether an episode also ends on entering states where nothing can be earned any more: a set that no action leaves and
    /// in which every reward is 0. For tables that name no ends themselves, such as those with an absorbing state.
    /// Their own transitions are dropped.
    /// </summary>
    public bool EndsWhereNothingFollows { get; set; }

    /// <summary>Adds one outcome of an action.</summary>
    /// <param name="state">0 to S - 1.</param>
    /// <param name="action">0 to A - 1.</param>
    /// <param name="nextState">0 to S - 1.</param>
    /// <param name="probability">0 to 1.</param>
    /// <param name="reward">Expected reward of this transition; finite.</param>
    /// <param name="ends">Whether the episode ends with it.</param>
    /// <param name="where">For messages, for example a file and its line, asked for where something is wrong; null: the source.</param>
    /// <exception cref="UserErrorException">Something is out of its range; the message names state, action and what was found.</exception>
    public TabularMdpBuilder Add(int state, int action, int nextState, double probability, double reward, bool ends = false, Func<string>? where = null)
    {
        if ((uint)state >= (uint)StateCount)
            throw Throw.MdpIndex(where?.Invoke() ?? Source, "state", state, StateCount);
        if ((uint)action >= (uint)ActionCount)
            throw Throw.MdpIndex(where?.Invoke() ?? Source, "action", action, ActionCount);
        if ((uint)nextState >= (uint)StateCount)
            throw Throw.MdpIndex(where?.Invoke() ?? Source, "next state", nextState, StateCount);
        if (!(probability is >= 0 and <= 1 + LoadTolerance))
            throw Throw.MdpProbability(where?.Invoke() ?? Source, state, action, nextState, probability);
        if (!double.IsFinite(reward))
            throw Throw.MdpReward(where?.Invoke() ?? Source, state, action, nextState, reward);
        if (probability > 0)
            _entries.Add(new Entry((state * ActionCount) + action, nextState, probability, reward + 0.0, ends));
        return this;
    }

    /// <summary>Sets the probability that an episode starts in a state.</summary>
    /// <exception cref="UserErrorException">Out of range.</exception>
    public TabularMdpBuilder SetStart(int state, double probability, Func<string>? where = null)
    {
        if ((uint)state >= (uint)StateCount)
            throw Throw.MdpIndex(where?.Invoke() ?? Source, "start state", state, StateCount);
        if (!(probability is >= 0 and <= 1 + LoadTolerance))
            throw Throw.MdpStart(where?.Invoke() ?? Source, state, probability);
        _start[state] = probability;
        return this;
    }

    /// <summary>Every transition into this state ends the episode; its own transitions, if any, are dropped.</summary>
    /// <exception cref="UserErrorException">No such state.</exception>
    public TabularMdpBuilder SetTerminal(int state, Func<string>? where = null)
    {
        if ((uint)state >= (uint)StateCount)
            throw Throw.MdpIndex(where?.Invoke() ?? Source, "terminal state", state, StateCount);
        (_terminal ??= new bool[StateCount])[state] = true;
        return this;
    }

    /// <summary>Says which actions are allowed; those that are not may have no transitions.</summary>
    /// <param name="mask">[S * A].</param>
    /// <exception cref="UserErrorException">Another length.</exception>
    public TabularMdpBuilder SetMask(ReadOnlySpan<bool> mask)
    {
        if (mask.Length != StateCount * ActionCount)
            throw Throw.MdpLength(Source, "mask", mask.Length, StateCount * ActionCount);
        _mask = mask.ToArray();
        return this;
    }

    /// <summary>Forbids one action; every other one stays as it was.</summary>
    /// <exception cref="UserErrorException">No such state or action.</exception>
    public TabularMdpBuilder Forbid(int state, int action, Func<string>? where = null)
    {
        if ((uint)state >= (uint)StateCount)
            throw Throw.MdpIndex(where?.Invoke() ?? Source, "state", state, StateCount);
        if ((uint)action >= (uint)ActionCount)
            throw Throw.MdpIndex(where?.Invoke() ?? Source, "action", action, ActionCount);
        if (_mask is null)
        {
            _mask = new bool[StateCount * ActionCount];
            _mask.AsSpan().Fill(true);
        }

        _mask[(state * ActionCount) + action] = false;
        return this;
    }

    /// <summary>Checks everything and makes the MDP.</summary>
    /// <exception cref="UserErrorException">The first thing that does not hold, with state, action and what was found.</exception>
    public TabularMdp Build()
    {
        if (!(Discount is >= 0 and <= 1))
            throw Throw.MdpDiscount(Source, Discount);
        CheckNames(StateNames, StateCount, "state");
        CheckNames(ActionNames, ActionCount, "action");
        var terminal = Terminal();
        var entries = terminal is null ? _entries : WithTerminals(terminal);
        var notes = new List<string>();
        var tables = Compile(entries, notes);
        var hasRows = HasRows(tables.Offsets);
        CheckRows(tables, hasRows);
        CheckStart(hasRows, notes);
        return new TabularMdp(tables with { Notes = notes });
    }

    /// <summary>From dense arrays, for tables that fit them.</summary>
    /// <param name="source">For messages.</param>
    /// <param name="transitions">[S, A, S], row-major: P(s'|s, a).</param>
    /// <param name="rewards">[S, A] or [S, A, S].</param>
    /// <param name="start">[S].</param>
    /// <param name="actions">A.</param>
    /// <param name="discount">0 to 1.</param>
    /// <param name="terminal">[S], true where every transition into the state ends the episode; empty: none.</param>
    /// <exception cref="UserErrorException">Lengths that do not agree, or tables that are no MDP.</exception>
    public static TabularMdp FromDense(
        string source, ReadOnlySpan<double> transitions, ReadOnlySpan<double> rewards, ReadOnlySpan<double> start, int actions, double discount, ReadOnlySpan<bool> terminal = default)
    {
        var builder = new TabularMdpBuilder(start.Length, actions, source) { Discount = discount };
        builder.AddDense(transitions, rewards, start);
        for (var s = 0; s < terminal.Length; s++)
        {
            if (terminal[s])
                builder.SetTerminal(s);
        }

        return builder.Build();
    }

    /// <summary>Adds all of dense tables; see <see cref="FromDense"/>.</summary>
    internal void AddDense(ReadOnlySpan<double> transitions, ReadOnlySpan<double> rewards, ReadOnlySpan<double> start)
    {
        var (pairs, states) = (StateCount * ActionCount, StateCount);
        if (transitions.Length != (long)pairs * states)
            throw Throw.MdpLength(Source, "transition table", transitions.Length, (long)pairs * states);
        if (rewards.Length != pairs && rewards.Length != transitions.Length)
            throw Throw.MdpLength(Source, "reward table", rewards.Length, pairs);
        for (var pair = 0; pair < pairs; pair++)
        {
            for (var next = 0; next < states; next++)
            {
                var at = (pair * states) + next;
                if (transitions[at] != 0)
                    Add(pair / ActionCount, pair % ActionCount, next, transitions[at], rewards.Length == pairs ? rewards[pair] : rewards[at]);
            }
        }

        for (var s = 0; s < states; s++)
            SetStart(s, start[s]);
    }

    void CheckNames(IReadOnlyList<string>? names, int count, string what)
    {
        if (names is null)
            return;
        if (names.Count != count)
            throw Throw.MdpLength(Source, $"list of {what} names", names.Count, count);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            if (!seen.Add(name))
                throw Throw.MdpNameTwice(Source, what, name);
        }
    }

    // The declared terminal states, and where asked those of the greatest set that nothing leaves and nothing is earned in.
    bool[]? Terminal()
    {
        if (!EndsWhereNothingFollows)
            return _terminal;
        var entries = CollectionsMarshal.AsSpan(_entries);
        var earns = new bool[StateCount];
        var hasRows = new bool[StateCount];
        var firstInto = new int[StateCount + 1];
        foreach (var e in entries)
        {
            hasRows[e.Pair / ActionCount] = true;
            earns[e.Pair / ActionCount] |= e.Reward != 0;
            firstInto[e.Next + 1]++;
        }

        for (var s = 0; s < StateCount; s++)
            firstInto[s + 1] += firstInto[s];
        var into = new int[_entries.Count];
        var filled = firstInto.AsSpan(0, StateCount).ToArray();
        foreach (var e in entries)
            into[filled[e.Next]++] = e.Ends ? -1 : e.Pair / ActionCount;
        // What earns, or can go on to what earns, is not spent: backwards from the rewards.
        var queue = new Queue<int>();
        for (var s = 0; s < StateCount; s++)
        {
            earns[s] &= _terminal is null || !_terminal[s];
            if (earns[s])
                queue.Enqueue(s);
        }

        while (queue.TryDequeue(out var state))
        {
            for (var i = firstInto[state]; i < firstInto[state + 1]; i++)
            {
                if (into[i] < 0 || earns[into[i]] || (_terminal?[into[i]] ?? false))
                    continue;
                earns[into[i]] = true;
                queue.Enqueue(into[i]);
            }
        }

        var spent = new bool[StateCount];
        for (var s = 0; s < StateCount; s++)
            spent[s] = (_terminal?[s] ?? false) || (hasRows[s] && !earns[s]);
        // Tables without any reward: nothing is said about ends.
        return earns.AsSpan().Contains(true) ? spent : _terminal;
    }

    // A spent state that episodes start in keeps its transitions: there is a first step.
    List<Entry> WithTerminals(bool[] terminal)
    {
        var kept = new List<Entry>(_entries.Count);
        foreach (var e in CollectionsMarshal.AsSpan(_entries))
        {
            var state = e.Pair / ActionCount;
            if (!terminal[state] || (_start[state] > 0 && !(_terminal?[state] ?? false)))
                kept.Add(e with { Ends = e.Ends || terminal[e.Next] });
        }

        return kept;
    }

    MdpTables Compile(List<Entry> entries, List<string> notes)
    {
        var pairs = StateCount * ActionCount;
        var sorted = entries.ToArray();
        Array.Sort(sorted, Entry.Order);
        var merged = 0;
        for (var i = 0; i < sorted.Length; i++)
        {
            if (merged > 0 && Entry.Order.Compare(sorted[merged - 1], sorted[i]) == 0)
                sorted[merged - 1] = sorted[merged - 1] with { Probability = sorted[merged - 1].Probability + sorted[i].Probability };
            else
                sorted[merged++] = sorted[i];
        }

        var offsets = new int[pairs + 1];
        var probabilities = new double[merged];
        for (var i = 0; i < merged; i++)
        {
            offsets[sorted[i].Pair + 1]++;
            probabilities[i] = sorted[i].Probability;
        }

        for (var pair = 0; pair < pairs; pair++)
            offsets[pair + 1] += offsets[pair];
        Normalize(offsets, probabilities, notes);
        var kept = sorted.AsSpan(0, merged);
        var (next, rewards, ends) = (new int[merged], new double[merged], new bool[merged]);
        for (var i = 0; i < merged; i++)
            (next[i], rewards[i], ends[i]) = (kept[i].Next, kept[i].Reward, kept[i].Ends);
        return new MdpTables(StateCount, ActionCount, Discount, Source, offsets, next, probabilities, rewards, ends, _start, _mask, StateNames, ActionNames, notes);
    }

    void Normalize(int[] offsets, double[] probabilities, List<string> notes)
    {
        var (mended, worst, worstPair) = (0, 0.0, -1);
        for (var pair = 0; pair < offsets.Length - 1; pair++)
        {
            var row = probabilities.AsSpan(offsets[pair], offsets[pair + 1] - offsets[pair]);
            if (row.IsEmpty)
                continue;
            var sum = Sum(row);
            var off = Math.Abs(sum - 1);
            if (off > LoadTolerance)
                throw Throw.MdpRowSum(Source, StateNames, ActionNames, pair / ActionCount, pair % ActionCount, sum);
            if (off <= ExactTolerance)
                continue;
            foreach (ref var p in row)
                p /= sum;
            mended++;
            if (off > worst)
                (worst, worstPair) = (off, pair);
        }

        if (mended > 0)
        {
            notes.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"{mended} rows were divided by their sums, which lay within {LoadTolerance} of 1; the farthest was state {worstPair / ActionCount}, action {worstPair % ActionCount}, off by {worst:0.0e+00}."));
        }
    }

    bool[] HasRows(int[] offsets)
    {
        var result = new bool[StateCount];
        for (var s = 0; s < StateCount; s++)
            result[s] = offsets[s * ActionCount] < offsets[(s + 1) * ActionCount];
        return result;
    }

    void CheckRows(MdpTables tables, bool[] hasRows)
    {
        for (var pair = 0; pair < tables.Offsets.Length - 1; pair++)
        {
            var (state, action) = (pair / ActionCount, pair % ActionCount);
            var allowed = _mask?[pair] ?? true;
            if (!hasRows[state])
            {
                // A terminal state's mask means nothing; all true keeps "at least one action" true everywhere.
                if (_mask is not null)
                    _mask[pair] = true;
                continue;
            }

            if (allowed && tables.Offsets[pair] == tables.Offsets[pair + 1])
                throw Throw.MdpNoRow(Source, StateNames, ActionNames, state, action);
            if (action == 0 && _mask is not null && !_mask.AsSpan(pair, ActionCount).Contains(true))
                throw Throw.MdpNothingAllowed(Source, StateNames, state);
            for (var i = tables.Offsets[pair]; i < tables.Offsets[pair + 1]; i++)
            {
                if (!tables.Ends[i] && !hasRows[tables.NextStates[i]])
                    throw Throw.MdpDeadEnd(Source, StateNames, tables.NextStates[i], state, action);
            }
        }

    }

    void CheckStart(bool[] hasRows, List<string> notes)
    {
        var sum = Sum(_start);
        var off = Math.Abs(sum - 1);
        if (off > LoadTolerance)
            throw Throw.MdpStartSum(Source, sum);
        if (off > ExactTolerance)
        {
            for (var s = 0; s < _start.Length; s++)
                _start[s] /= sum;
            notes.Add(string.Create(CultureInfo.InvariantCulture, $"The start distribution was divided by its sum, {sum:R}."));
        }

        for (var s = 0; s < _start.Length; s++)
        {
            if (_start[s] > 0 && !hasRows[s])
                throw Throw.MdpStartsTerminal(Source, StateNames, s);
        }
    }

    static double Sum(ReadOnlySpan<double> values)
    {
        var sum = 0.0;
        foreach (var value in values)
            sum += value;
        return sum;
    }

    readonly record struct Entry(int Pair, int Next, double Probability, double Reward, bool Ends)
    {
        /// <summary>By row, next state, ending and reward; not by probability.</summary>
        public static Comparer<Entry> Order { get; } = Comparer<Entry>.Create(static (x, y) =>
        {
            var order = x.Pair.CompareTo(y.Pair);
            if (order == 0)
                order = x.Next.CompareTo(y.Next);
            if (order == 0)
                order = x.Ends.CompareTo(y.Ends);
            return order == 0 ? x.Reward.CompareTo(y.Reward) : order;
        });
    }
}
