namespace OfflineRL.Evaluate;

/// <summary>A task as rows of rollouts have it: an environment and its label, under a name of its own.</summary>
/// <param name="Name">The rows' task; where several environments go by that name, as <c>nominal</c> does in reports of different ones, the environment.</param>
/// <param name="Label"><c>nominal</c>, <c>held_out</c> or <c>unknown</c>.</param>
/// <param name="Environment">With its parameters.</param>
sealed record RolledOutTask(string Name, string Label, string Environment)
{
    /// <summary>The environment's id without parameters: tasks that share it count their rewards alike.</summary>
    public string Definition { get; } = DefinitionOf(Environment);

    public static string DefinitionOf(string environment) => environment.Split('?')[0];

    /// <summary>The tasks of all rows, in order of appearance.</summary>
    public static IReadOnlyList<RolledOutTask> Of(IEnumerable<RolloutRow> rows)
    {
        var distinct = rows.Select(r => (r.Task, r.Label, r.Environment)).Distinct().ToList();
        var several = distinct.GroupBy(t => t.Task).Where(g => g.Select(t => t.Environment).Distinct().Skip(1).Any()).Select(g => g.Key).ToHashSet(StringComparer.Ordinal);
        return distinct.Select(t => new RolledOutTask(several.Contains(t.Task) ? t.Environment : t.Task, t.Label, t.Environment)).DistinctBy(t => (t.Label, t.Environment)).ToList();
    }
}
