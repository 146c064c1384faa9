using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Ingest;

/// <summary>What a dataset has, and the map of an import that brings it back.</summary>
sealed class ExportPlan
{
    /// <summary>Bounds beyond this many are left out of the map: they would not fit an attribute of an HDF5 file.</summary>
    const int MostBounds = 1024;

    public ExportPlan(Dataset dataset)
    {
        Manifest = dataset.Manifest;
        Name = dataset.FullName;
        Schema = TrajectorySchema.Of(dataset.Manifest);
        Episodes = dataset.Episodes;
        HasSplitKeys = Episodes.All(e => e.SplitKey is not null);
        HasUniqueKeys = Episodes.Select(e => e.EpisodeKey).Distinct(StringComparer.Ordinal).Count() == Episodes.Count;
        HasFinalObservations = Episodes.Any(e => e.FinalObservationKnown);
    }

    public DatasetManifest Manifest { get; }

    public string Name { get; }

    public TrajectorySchema Schema { get; }

    public IReadOnlyList<EpisodeRecord> Episodes { get; }

    public bool HasSplitKeys { get; }

    public bool HasUniqueKeys { get; }

    public bool HasFinalObservations { get; }

    /// <summary>Whether an episode without the features that others have was written with zeros in their place.</summary>
    public bool FilledFeatures { get; private set; }

    public bool HasLogProbabilities => Manifest.PropensityKind != PropensityKind.None;

    /// <summary>[T, A, F]: of every step of an episode. An import takes no step without.</summary>
    public ReadOnlySpan<float> Features(in EpisodeColumns e)
    {
        if (!e.ActionFeatures.IsEmpty)
            return e.ActionFeatures;
        FilledFeatures = true;
        return new float[e.Rewards.Length * Schema.ActionFeaturesWidth];
    }

    /// <summary>What no map brings back, whatever the format.</summary>
    public List<string> Lost()
    {
        var lost = new List<string>();
        if (!HasUniqueKeys)
            lost.Add("Episodes share keys: an import takes episodes apart by their numbers, and names them anew.");
        if (!HasSplitKeys && Episodes.Any(e => e.SplitKey is not null))
            lost.Add("Some episodes have a split key and some have none: split keys are left out.");
        if (Manifest.Environment is not null && Environment is null)
            lost.Add($"The environment {Manifest.Environment} is not one that an import can name.");
        if (Episodes.Any(e => e.Environment is not null && !e.Environment.Equals(Manifest.Environment)))
            lost.Add("Episodes are of several environments: those are left out.");
        if (Manifest.PropensitySource == PropensitySource.Estimated)
            lost.Add("Propensities are estimated; an import will call them logged.");
        if (Manifest.InfoColumns.Any(c => c.Type is InfoType.Integer or InfoType.Boolean))
            lost.Add("Whole numbers and flags that are passed through come back as numbers.");
        if (Manifest.ActionSpace is BoxSpace { Shape.Count: > 1 })
            lost.Add("Actions come back as vectors, whatever their shape.");
        if (BoundsOf(Manifest.ObservationSpace).Count > MostBounds)
            lost.Add("The bounds of observations are left out: there are too many different ones.");
        return lost;
    }

    /// <summary>The map; <paramref name="flat"/> columns are single, others lists.</summary>
    public ImportConfig Map(bool flat, ImportNames names)
    {
        var observation = Manifest.ObservationSpace;
        var low = Bounds(observation, b => b.Low, Schema.ObservationsAreBytes ? 0 : double.NegativeInfinity);
        var high = Bounds(observation, b => b.High, Schema.ObservationsAreBytes ? 255 : double.PositiveInfinity);
        return new ImportConfig
        {
            Name = Manifest.Name,
            Source = ["."],
            Environment = Environment,
            EpisodeId = [HasUniqueKeys ? names.Key : names.Episode],
            EpisodeKey = HasUniqueKeys ? EpisodeKeyRule.Given : EpisodeKeyRule.Source,
            BehaviorPolicyColumn = names.Policy,
            SplitKey = HasSplitKeys ? names.SplitKey : null,
            Observation = Columns(names.Observation, Schema.ObservationWidth, flat && !Schema.ObservationsAreDiscrete),
            ObservationCount = (observation as DiscreteSpace)?.Count,
            ObservationShape = observation is BoxSpace { Shape.Count: > 1 } box ? box.Shape : [],
            ObservationLow = low,
            ObservationHigh = high,
            NextObservation = HasFinalObservations && names.Next.Length > 0 ? Columns(names.Next, Schema.ObservationWidth, flat && !Schema.ObservationsAreDiscrete) : [],
            Action = Columns(names.Action, Schema.ActionWidth, flat && Schema.ActionWidth > 0),
            ActionCount = Schema.ActionCount > 0 ? Schema.ActionCount : null,
            ContinuousAction = Schema.ActionCount == 0,
            ActionLow = Bounds(Manifest.ActionSpace, b => b.Low, double.NegativeInfinity),
            ActionHigh = Bounds(Manifest.ActionSpace, b => b.High, double.PositiveInfinity),
            Reward = names.Reward,
            Terminated = names.Terminated,
            Truncated = names.Truncated,
            BehaviorLogProb = HasLogProbabilities ? names.LogProbability : null,
            BehaviorProbs = Manifest.HasBehaviorProbabilities ? Columns(names.Probabilities, Schema.ActionCount, flat) : [],
            ActionMask = Manifest.HasActionMask ? Columns(names.Mask, Schema.ActionCount, flat) : [],
            ActionFeatures = Manifest.ActionFeatures > 0 && !flat ? [names.Features] : [],
            Timestamp = Manifest.HasTimestamp ? names.Timestamp : null,
            Info = Manifest.InfoColumns.Where(c => c.Type != InfoType.Text)
                .ToDictionary(c => c.Name["info_".Length..], c => (IReadOnlyList<string>)Columns(names.Info(c), Math.Max(1, c.Width), flat && c.Width > 0)),
            InfoText = Manifest.InfoColumns.Where(c => c.Type == InfoType.Text && names.HasTexts).ToDictionary(c => c.Name["info_".Length..], names.Info),
            Split = Manifest.Split.Fractions.Count == 1 ? new Dictionary<string, double>() : Manifest.Split.Fractions.ToDictionary(f => f.Name, f => f.Fraction),
            Seed = Manifest.Split.Fractions.Count == 1 ? 0 : Manifest.Split.Seed,
        };
    }

    /// <summary>A field's column, or its flat columns.</summary>
    public static List<string> Columns(string name, int width, bool flat) =>
        flat ? [.. Enumerable.Range(0, width).Select(i => FormattableString.Invariant($"{name}_{i}"))] : [name];

    // Null where the id of another tool, or a parameter, is not known here.
    string? Environment
    {
        get
        {
            if (Manifest.Environment is not { } environment)
                return null;
            try
            {
                return EnvironmentRegistry.Resolve(environment.ToString()).Equals(environment) ? environment.ToString() : null;
            }
            catch (UserErrorException)
            {
                return null;
            }
        }
    }

    static List<double> BoundsOf(Space space) => space is BoxSpace box && box.Low.Concat(box.High).Distinct().Count() > 2 ? [.. box.Low] : [];

    static IReadOnlyList<double> Bounds(Space space, Func<BoxSpace, IReadOnlyList<double>> of, double none)
    {
        if (space is not BoxSpace box)
            return [];
        var bounds = of(box);
        if (bounds.All(b => b.Equals(bounds[0])))
            return bounds[0].Equals(none) ? [] : [bounds[0]];
        return bounds.Count <= MostBounds ? bounds : [];
    }
}

/// <summary>What the fields are called in a format.</summary>
sealed record ImportNames(
    string Key, string Episode, string Policy, string SplitKey, string Observation, string Next, string Action, string Reward, string Terminated, string Truncated,
    string LogProbability, string Probabilities, string Mask, string Features, string Timestamp, string InfoPrefix, bool HasTexts = true)
{
    /// <summary>Of tables: the schema's own names.</summary>
    public static ImportNames Table { get; } = new(
        "episode_key", "episode_id", "behavior_policy", "split_key", "observation", "next_observation", "action", "reward", "terminated", "truncated",
        "behavior_log_prob", "behavior_probs", "action_mask", "action_features", "timestamp", "info_");

    /// <summary>D4RL's.</summary>
    public static ImportNames D4rl { get; } = new(
        "episode_key", "episode", "behavior_policy", "split_key", "observations", "next_observations", "actions", "rewards", "terminals", "timeouts",
        "infos/action_log_probs", "infos/behavior_probs", "infos/action_mask", "infos/action_features", "infos/timestamp", "infos/");

    /// <summary>Minari's.</summary>
    public static ImportNames Minari { get; } = D4rl with { Terminated = "terminations", Truncated = "truncations" };

    public string Info(InfoColumn column) => InfoPrefix + column.Name["info_".Length..];
}
