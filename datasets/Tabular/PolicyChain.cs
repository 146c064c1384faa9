namespace OfflineRL.Datasets;

/// <summary>What a policy makes of an MDP: a Markov chain over its states, with rewards.</summary>
sealed class PolicyChain
{
    readonly int[] _offsets, _columns;
    readonly double[] _values;
    readonly bool[] _mayEnd;
    readonly double _discount;

    public PolicyChain(TabularMdp mdp, ReadOnlySpan<double> policy)
    {
        _discount = mdp.Discount;
        _offsets = new int[mdp.StateCount + 1];
        _mayEnd = new bool[mdp.StateCount];
        Rewards = new double[mdp.StateCount];
        var (columns, values) = (new List<int>(), new List<double>());
        var sums = new double[mdp.StateCount];
        var touched = new List<int>();
        for (var s = 0; s < mdp.StateCount; s++)
        {
            touched.Clear();
            _mayEnd[s] = mdp.IsTerminal(s);
            for (var a = 0; a < mdp.ActionCount; a++)
            {
                var weight = policy[(s * mdp.ActionCount) + a];
                var row = mdp.Row(s, a);
                if (weight == 0 || row.Count == 0)
                    continue;
                for (var i = 0; i < row.Count; i++)
                {
                    var p = weight * row.Probabilities[i];
                    Rewards[s] += p * row.Rewards[i];
                    if (row.Ends[i])
                    {
                        _mayEnd[s] = true;
                        continue;
                    }

                    if (sums[row.NextStates[i]] == 0)
                        touched.Add(row.NextStates[i]);
                    sums[row.NextStates[i]] += p;
                }
            }

            touched.Sort();
            foreach (var next in touched)
            {
                columns.Add(next);
                values.Add(sums[next]);
                sums[next] = 0;
            }

            _offsets[s + 1] = columns.Count;
        }

        (_columns, _values) = ([.. columns], [.. values]);
    }

    /// <summary>[S]: expected reward of one step.</summary>
    public double[] Rewards { get; private init; }

    /// <summary>S.</summary>
    public int Size => Rewards.Length;

    PolicyChain(PolicyChain other, double[] rewards)
    {
        (_offsets, _columns, _values, _mayEnd, _discount) = (other._offsets, other._columns, other._values, other._mayEnd, 1);
        Rewards = rewards;
    }

    /// <summary>The same chain without discount, with a reward of 1 for every step.</summary>
    public PolicyChain Steps(TabularMdp mdp)
    {
        var ones = new double[Size];
        for (var s = 0; s < ones.Length; s++)
            ones[s] = mdp.IsTerminal(s) ? 0 : 1;
        return new PolicyChain(this, ones);
    }

    /// <summary>Value of every state; not finite where rewards go on for ever without discount.</summary>
    public ChainValues Evaluate()
    {
        var (values, fixedStates) = KnownValues();
        var (system, live) = Restrict(fixedStates);
        var b = live.Select(s => Rewards[s]).ToArray();
        // The greatest number of steps bounds what a residual does to a value: |(I - P)^-1|.
        var ones = Enumerable.Repeat(1.0, live.Length).ToArray();
        var (x, method) = _discount < 1 ? system.Solve(transposed: false, b) : system.Solve(transposed: false, b, ones);
        for (var i = 0; i < live.Length; i++)
            values[live[i]] = x[0][i];
        var residual = system.Residual(x[0], b);
        var amplification = live.Length == 0 ? 0 : _discount < 1 ? 1 / (1 - _discount) : x[1].Max();
        return new ChainValues(values, residual, residual * amplification, method, residual <= SparseSystem.Limit(b, x[0]));
    }

    /// <summary>Expected discounted visits of every state from a start distribution; infinite where the chain stays for ever without discount.</summary>
    public (double[] Visits, string Method) Visits(ReadOnlySpan<double> start)
    {
        var visits = new double[Size];
        var closed = _discount < 1 ? new bool[Size] : ClosedClasses().Closed;
        var (system, live) = Restrict(closed);
        var b = new double[live.Length];
        for (var i = 0; i < b.Length; i++)
            b[i] = start[live[i]];
        var (x, method) = system.Solve(transposed: true, b);
        for (var i = 0; i < live.Length; i++)
            visits[live[i]] = Math.Max(0, x[0][i]);
        if (_discount < 1)
            return (visits, method);
        // Whatever flows into a closed class stays there.
        var entered = new bool[Size];
        for (var s = 0; s < Size; s++)
            entered[s] = closed[s] && start[s] > 0;
        for (var s = 0; s < Size; s++)
        {
            for (var k = _offsets[s]; !closed[s] && visits[s] > 0 && k < _offsets[s + 1]; k++)
                entered[_columns[k]] |= closed[_columns[k]];
        }

        for (var changed = true; changed;)
        {
            changed = false;
            for (var s = 0; s < Size; s++)
            {
                for (var k = _offsets[s]; entered[s] && k < _offsets[s + 1]; k++)
                {
                    changed |= !entered[_columns[k]];
                    entered[_columns[k]] = true;
                }
            }
        }

        for (var s = 0; s < Size; s++)
            visits[s] = entered[s] ? double.PositiveInfinity : visits[s];
        return (visits, method);
    }

    /// <summary>One step back: r + discount P v.</summary>
    public void Back(ReadOnlySpan<double> next, Span<double> values)
    {
        for (var s = 0; s < Size; s++)
        {
            var sum = 0.0;
            for (var k = _offsets[s]; k < _offsets[s + 1]; k++)
                sum += _values[k] * next[_columns[k]];
            values[s] = Rewards[s] + (_discount * sum);
        }
    }

    /// <summary>One step forward: adds discount mu P.</summary>
    public void Forward(ReadOnlySpan<double> now, Span<double> next)
    {
        next.Clear();
        for (var s = 0; s < Size; s++)
        {
            for (var k = _offsets[s]; now[s] != 0 && k < _offsets[s + 1]; k++)
                next[_columns[k]] += _discount * now[s] * _values[k];
        }
    }

    // Without discount: 0 in closed classes that earn nothing, not finite in those that earn and wherever they are reached from.
    (double[] Values, bool[] Known) KnownValues()
    {
        var (values, known) = (new double[Size], new bool[Size]);
        if (_discount < 1)
            return (values, known);
        var (closed, component, order) = ClosedClasses();
        var earning = new double[Size];
        foreach (var s in order)
        {
            if (closed[s] && Rewards[s] != 0)
                earning[component[s]] = Merge(earning[component[s]], Rewards[s] * double.PositiveInfinity);
        }

        // Successors come before their predecessors, so one pass carries what is reached backwards.
        foreach (var s in order)
        {
            for (var k = _offsets[s]; k < _offsets[s + 1]; k++)
            {
                if (component[_columns[k]] != component[s])
                    earning[component[s]] = Merge(earning[component[s]], earning[component[_columns[k]]]);
            }
        }

        for (var s = 0; s < Size; s++)
        {
            values[s] = earning[component[s]];
            known[s] = closed[s] || values[s] != 0;
        }

        return (values, known);
    }

    // Infinities of one sign stay; of both signs, there is no value.
    static double Merge(double a, double b) => a == 0 ? b : b == 0 ? a : a + b;

    // Tarjan 1972, without recursion. Components are numbered, and states ordered, successors first.
    (bool[] Closed, int[] Component, int[] Order) ClosedClasses()
    {
        var (index, low, component) = (new int[Size], new int[Size], new int[Size]);
        Array.Fill(component, -1);
        var (stack, order) = (new Stack<int>(), new List<int>(Size));
        var calls = new Stack<(int State, int Edge)>();
        var (counter, components) = (0, 0);
        for (var root = 0; root < Size; root++)
        {
            if (index[root] != 0)
                continue;
            calls.Push((root, _offsets[root]));
            index[root] = low[root] = ++counter;
            stack.Push(root);
            while (calls.TryPop(out var call))
            {
                var (s, edge) = call;
                if (edge < _offsets[s + 1])
                {
                    calls.Push((s, edge + 1));
                    var next = _columns[edge];
                    if (index[next] == 0)
                    {
                        index[next] = low[next] = ++counter;
                        stack.Push(next);
                        calls.Push((next, _offsets[next]));
                    }
                    else if (component[next] < 0)
                    {
                        low[s] = Math.Min(low[s], index[next]);
                    }

                    continue;
                }

                if (calls.TryPeek(out var caller))
                    low[caller.State] = Math.Min(low[caller.State], low[s]);
                if (low[s] != index[s])
                    continue;
                int member;
                do
                {
                    member = stack.Pop();
                    component[member] = components;
                    order.Add(member);
                }
                while (member != s);
                components++;
            }
        }

        var open = new bool[components];
        for (var s = 0; s < Size; s++)
        {
            open[component[s]] |= _mayEnd[s];
            for (var k = _offsets[s]; k < _offsets[s + 1]; k++)
                open[component[s]] |= component[_columns[k]] != component[s];
        }

        return (Array.ConvertAll(component, c => !open[c]), component, [.. order]);
    }

    // The rows and columns of the states that are not fixed.
    (SparseSystem System, int[] Live) Restrict(bool[] without)
    {
        var live = Enumerable.Range(0, Size).Where(s => !without[s]).ToArray();
        if (live.Length == Size)
            return (new SparseSystem(Size, _discount, _offsets, _columns, _values), live);
        var at = new int[Size];
        Array.Fill(at, -1);
        for (var i = 0; i < live.Length; i++)
            at[live[i]] = i;
        var (offsets, columns, values) = (new int[live.Length + 1], new List<int>(), new List<double>());
        for (var i = 0; i < live.Length; i++)
        {
            for (var k = _offsets[live[i]]; k < _offsets[live[i] + 1]; k++)
            {
                if (at[_columns[k]] < 0)
                    continue;
                columns.Add(at[_columns[k]]);
                values.Add(_values[k]);
            }

            offsets[i + 1] = columns.Count;
        }

        return (new SparseSystem(live.Length, _discount, offsets, [.. columns], [.. values]), live);
    }
}

/// <summary>Values of a chain's states, and how well they solve its equations.</summary>
readonly record struct ChainValues(double[] Values, double Residual, double ErrorBound, string Method, bool IsSolved);
