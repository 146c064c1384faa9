namespace OfflineRL.Evaluate;

/// <summary>A method's scores in a scope.</summary>
/// <param name="Name">The algorithm, or its run where it has one alone, or where several of its runs met the same task.</param>
/// <param name="Algorithm">Such as <c>dqn</c>.</param>
/// <param name="Policies">The runs.</param>
/// <param name="Selection">Which snapshot of each seed.</param>
/// <param name="Scores">In the scope's scale.</param>
sealed record ScoredMethod(string Name, string Algorithm, IReadOnlyList<string> Policies, string Selection, MethodScores Scores);

/// <summary>Tasks over which scores may be averaged, and the methods that met all of them.</summary>
sealed class ScoreScope
{
    ScoreScope(string name, string label, IReadOnlyList<RolledOutTask> tasks, IReadOnlyList<ReferenceReturns>? references)
    {
        (Name, Label, Tasks) = (name, label, tasks);
        (Scale, Target) = references is null ? ("return", (double?)null) : ("normalized", 100);
    }

    public string Name { get; }

    public string Label { get; }

    public IReadOnlyList<RolledOutTask> Tasks { get; }

    /// <summary><c>normalized</c> or <c>return</c>.</summary>
    public string Scale { get; }

    /// <summary>What the optimality gap counts from; null for returns, of which nothing says what is perfect.</summary>
    public double? Target { get; }

    public IReadOnlyList<ScoredMethod> Methods { get; private set; } = [];

    /// <summary>Each task alone, then all tasks of a label where there are several.</summary>
    /// <param name="rows">Of rollouts.</param>
    /// <param name="references">Of the environments that have them.</param>
    /// <param name="notes">Gets a sentence for what was left out.</param>
    public static IEnumerable<ScoreScope> All(IReadOnlyList<RolloutRow> rows, IReadOnlyList<ReferenceReturns> references, List<string> notes)
    {
        var tasks = RolledOutTask.Of(rows);
        var methods = Grouped(rows);
        foreach (var task in tasks)
            yield return Create(task.Name, task.Label, [task]);
        foreach (var label in tasks.GroupBy(t => t.Label).Where(g => g.Skip(1).Any()))
        {
            var definitions = label.GroupBy(t => t.Definition).ToList();
            if (definitions.Count == 1 || label.All(t => References(t) is not null))
            {
                yield return Create($"{label.Key} (all)", label.Key, [.. label]);
                continue;
            }

            notes.Add($"No average over all tasks labeled {label.Key}: {string.Join(", ", label.Where(t => References(t) is null).Select(t => t.Environment).Take(3))} has no reference returns to normalize by, and returns of different environments ({string.Join(", ", definitions.Select(d => d.Key))}) are in different units. Each task and each environment has its own rows.");
            foreach (var definition in definitions.Where(d => d.Skip(1).Any()))
                yield return Create($"{label.Key} (all), {definition.Key}", label.Key, [.. definition]);
        }

        ReferenceReturns? References(RolledOutTask task) => references.FirstOrDefault(r => r.Environment == task.Environment);

        ScoreScope Create(string name, string label, IReadOnlyList<RolledOutTask> of)
        {
            var known = of.Select(References).OfType<ReferenceReturns>().ToList();
            var scope = new ScoreScope(name, label, of, known.Count == of.Count ? known : null);
            var scored = new List<ScoredMethod>();
            foreach (var (method, algorithm, its) in methods)
            {
                var met = of.Where(task => its.Any(r => r.Environment == task.Environment && r.Label == task.Label)).ToList();
                if (met.Count == of.Count)
                    scored.AddRange(scope.Score(method, algorithm, its, known));
                else if (met.Count > 0)
                    notes.Add($"{method} is not in '{name}': it was rolled out on {met.Count} of its {of.Count} tasks.");
            }

            scope.Methods = scored;
            return scope;
        }
    }

    /// <summary>Evenly spread from the lowest score to the highest.</summary>
    public double[] Thresholds(int count)
    {
        var scores = Methods.SelectMany(m => m.Scores.ByTask).SelectMany(s => s).DefaultIfEmpty(0).ToList();
        var (low, high) = (scores.Min(), scores.Max());
        return low == high ? [low] : Enumerable.Range(0, count).Select(k => low + ((high - low) * k / (count - 1))).ToArray();
    }

    // An algorithm is one method where no task has two of its runs: then its runs are its runs on different tasks.
    static List<(string Method, string Algorithm, List<RolloutRow> Rows)> Grouped(IReadOnlyList<RolloutRow> rows)
    {
        var methods = new List<(string, string, List<RolloutRow>)>();
        foreach (var algorithm in rows.GroupBy(r => r.Algorithm))
        {
            var policies = algorithm.GroupBy(r => r.Policy).ToList();
            var shares = algorithm.GroupBy(r => r.Environment).Any(task => task.Select(r => r.Policy).Distinct().Skip(1).Any());
            if (policies.Count == 1 || shares || algorithm.Key == "builtin")
                methods.AddRange(policies.Select(p => (p.Key, algorithm.Key, p.ToList())));
            else
                methods.Add((algorithm.Key, algorithm.Key, algorithm.ToList()));
        }

        return methods;
    }

    List<ScoredMethod> Score(string method, string algorithm, List<RolloutRow> rows, List<ReferenceReturns> references)
    {
        var index = Tasks.Select((task, i) => (task, i)).ToDictionary(t => (t.task.Environment, t.task.Label), t => t.i);
        var runs = rows.Where(r => index.ContainsKey((r.Environment, r.Label))).GroupBy(r => r.Policy).Select(policy =>
        {
            var met = policy.Select(r => index[(r.Environment, r.Label)]).Distinct().Order().ToList();
            // A snapshot that was not run on every task that its run met has no score over all of them.
            var seeds = policy.GroupBy(r => r.Seed).Select(seed => seed.GroupBy(r => (r.Step, r.IsLast))
                .Select(s => new Snapshot(s.Key.Step ?? 0, s.Key.IsLast, Means(s, met)))
                .Where(s => !s.Scores.Any(double.IsNaN)).ToList()).Where(s => s.Count > 0).ToList();
            return (Policy: policy.Key, Tasks: met, Seeds: seeds);
        }).ToList();
        var policies = runs.Select(r => r.Policy).ToList();
        var hasChoice = runs.Any(r => r.Seeds.Any(s => s.Count > 1));
        var isOneNotLast = !hasChoice && runs.Any(r => r.Seeds.Any(s => !s[0].IsLast));
        var scored = new List<ScoredMethod>();
        if (isOneNotLast)
            Add(ScoreRow.Chosen, seed => seed[0]);
        else
            Add(ScoreRow.Last, seed => seed.FirstOrDefault(s => s.IsLast));
        if (hasChoice)
            // Of equal means the earlier one: the first to reach it.
            Add(ScoreRow.Best, seed => seed.OrderByDescending(s => s.Mean).ThenBy(s => s.Step).First());
        return scored;

        void Add(string selection, Func<List<Snapshot>, Snapshot?> choose)
        {
            var chosen = runs.Select(r => new MethodScores.Run(r.Tasks, r.Seeds.Select(choose).OfType<Snapshot>().Select(s => s.Scores).ToList())).ToList();
            if (chosen.All(r => r.Scores.Count > 0))
                scored.Add(new ScoredMethod(method, algorithm, policies, selection, new MethodScores(Tasks.Count, chosen)));
        }

        double[] Means(IEnumerable<RolloutRow> snapshot, List<int> met)
        {
            var byTask = snapshot.ToLookup(r => index[(r.Environment, r.Label)], r => r.Return);
            return met.Select(task => byTask.Contains(task) ? Scaled(task, byTask[task].Average()) : double.NaN).ToArray();
        }

        double Scaled(int task, double mean) => Target is null ? mean : references.First(r => r.Environment == Tasks[task].Environment).Normalize(mean);
    }

    sealed record Snapshot(int Step, bool IsLast, double[] Scores)
    {
        public double Mean { get; } = Scores.Average();
    }
}
