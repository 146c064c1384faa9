namespace OfflineRL.Datasets;

/// <summary>Where the behavior probabilities of a dataset come from.</summary>
public enum PropensitySource
{
    Unknown,
    Logged,
    Estimated,
}

/// <summary>What <c>exp(behavior_log_prob)</c> is: the probability of a discrete action, or a density of the action as stored.</summary>
public enum PropensityKind
{
    None,
    Probability,
    Density,
}

/// <summary>The type of a passed-through column. Numbers become <c>double</c> columns for training; text stays in Parquet.</summary>
public enum InfoType
{
    Double,
    Integer,
    Boolean,
    Text,
}

/// <summary>A passed-through column.</summary>
/// <param name="Name">The column's name in the file: starts with <c>info_</c>, lower snake case.</param>
/// <param name="Type">The type of one value.</param>
/// <param name="Width">0: one value per step; otherwise a list of this fixed length (<see cref="InfoType.Double"/> only).</param>
public sealed record InfoColumn(string Name, InfoType Type = InfoType.Double, int Width = 0);

/// <summary>One named part of a split.</summary>
/// <param name="Name">Lower snake case, such as <c>train</c>.</param>
/// <param name="Fraction">Share of the episodes, in (0, 1].</param>
public sealed record SplitFraction(string Name, double Fraction);

/// <summary>A dataset another one was made from.</summary>
public sealed record DatasetReference(string Name, string ContentHash);

/// <summary>A file rows were taken from.</summary>
/// <param name="Path">As the user named it.</param>
/// <param name="Bytes">Length of the file.</param>
/// <param name="Sha256">Lower-case hexadecimal.</param>
public sealed record SourceFile(string Path, long Bytes, string Sha256);

/// <summary>How a dataset came to be.</summary>
public sealed record Provenance
{
    /// <summary>Version of the tool that wrote the dataset.</summary>
    public string ToolVersion { get; init; } = OfflineRL.Datasets.ToolVersion.Text;

    /// <summary>The command, such as <c>ingest record</c>.</summary>
    public string Command { get; init; } = "";

    /// <summary>The resolved configuration as YAML.</summary>
    public string Config { get; init; } = "";

    public IReadOnlyList<DatasetReference> Parents { get; init; } = [];

    public IReadOnlyList<SourceFile> Sources { get; init; } = [];

    /// <summary>Remarks for the reader, such as how many episodes an importer cut and why.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>What every row of a dataset has in common; fixed before the first row is written.</summary>
public sealed record DatasetDescription
{
    public required Space ObservationSpace { get; init; }

    public required Space ActionSpace { get; init; }

    /// <summary>The environment all episodes share; null: unknown, or it differs by episode.</summary>
    public EnvironmentIdentity? Environment { get; init; }

    public PropensitySource PropensitySource { get; init; }

    public PropensityKind PropensityKind { get; init; }

    /// <summary>Whether episodes carry the whole behavior distribution (discrete actions only).</summary>
    public bool HasBehaviorProbabilities { get; init; }

    /// <summary>Whether episodes carry masks of allowed actions (discrete actions only).</summary>
    public bool HasActionMask { get; init; }

    public bool HasTimestamp { get; init; }

    /// <summary>Number of features that each discrete action has in each step; 0: none.</summary>
    public int ActionFeatures { get; init; }

    public IReadOnlyList<InfoColumn> InfoColumns { get; init; } = [];

    public Provenance Provenance { get; init; } = new();

    /// <summary>Default: every episode is <c>train</c>.</summary>
    public SplitRule Split { get; init; } = SplitRule.AllTrain;

    /// <summary>The description that a dataset was written with.</summary>
    public static DatasetDescription Of(DatasetManifest manifest) => new()
    {
        ObservationSpace = manifest.ObservationSpace,
        ActionSpace = manifest.ActionSpace,
        Environment = manifest.Environment,
        PropensitySource = manifest.PropensitySource,
        PropensityKind = manifest.PropensityKind,
        HasBehaviorProbabilities = manifest.HasBehaviorProbabilities,
        HasActionMask = manifest.HasActionMask,
        HasTimestamp = manifest.HasTimestamp,
        ActionFeatures = manifest.ActionFeatures,
        InfoColumns = manifest.InfoColumns,
        Provenance = manifest.Provenance,
        Split = manifest.Split,
    };

    /// <summary>All contradictions; empty where there are none.</summary>
    public IEnumerable<string> Validate()
    {
        bool discrete = ActionSpace is DiscreteSpace;
        foreach (string fault in SpaceRules.Faults(ObservationSpace).Concat(SpaceRules.Faults(ActionSpace)).Concat(InfoColumns.SelectMany(InfoRules.Faults)))
        {
            yield return fault;
        }

        foreach (string fault in SpaceRules.ActionFeatureFaults(ActionSpace, ActionFeatures))
        {
            yield return fault;
        }

        if (ActionSpace is BoxSpace { ElementType: not ElementType.Float32 })
        {
            yield return "continuous actions are float32";
        }

        if (!discrete && (HasBehaviorProbabilities || HasActionMask))
        {
            yield return "behavior_probs and action_mask are for discrete actions only";
        }

        if (PropensityKind == (discrete ? PropensityKind.Density : PropensityKind.Probability))
        {
            yield return $"{(discrete ? "discrete actions have probabilities" : "continuous actions have densities")}, not a propensity_kind of {PropensityKind}";
        }

        if ((PropensitySource == PropensitySource.Unknown) != (PropensityKind == PropensityKind.None))
        {
            yield return $"propensity_source is {PropensitySource} and propensity_kind {PropensityKind}: either both are known or neither";
        }

        foreach (IGrouping<string, InfoColumn> group in InfoColumns.GroupBy(c => c.Name).Where(g => g.Count() > 1))
        {
            yield return $"the column '{group.Key}' appears {group.Count()} times";
        }

        foreach (string fault in Split.Validate())
        {
            yield return "split: " + fault;
        }
    }
}
