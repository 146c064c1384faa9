namespace OfflineRL.Evaluate;

/// <summary>A world model that a run stored: a row of <c>models.csv</c> and <c>models.parquet</c>.</summary>
public sealed record ModelRow
{
    public required string Algorithm { get; init; }

    public required string Run { get; init; }

    /// <summary>The training seed.</summary>
    public required long Seed { get; init; }

    /// <summary>Gradient steps done when it was stored.</summary>
    public required int Step { get; init; }

    /// <summary>Whether it is its seed's newest.</summary>
    public required bool IsLast { get; init; }

    /// <summary>As <see cref="Train.WorldModels.WorldModelParts.Kind"/>.</summary>
    public required string Kind { get; init; }

    /// <summary><c>vae</c>, or <c>identity</c>: the latent state is the observation; null for kinds that have an encoder of their own.</summary>
    public string? Encoder { get; init; }

    /// <summary>Models side by side that can disagree; 1: it cannot say how unsure it is.</summary>
    public required int Members { get; init; }

    /// <summary><c>NAME-vN</c> of what it learned from.</summary>
    public required string Dataset { get; init; }

    public required string ContentHash { get; init; }

    /// <summary>The part of the dataset that its errors were measured on; null: they were not.</summary>
    public string? MeasuredOn { get; init; }

    /// <summary>The learner's error on held-out transitions; null where it was not measured.</summary>
    public double? HeldOutError { get; init; }

    /// <summary>Steps that dreams go.</summary>
    public required int Horizon { get; init; }

    /// <summary>What a dreamed reward loses for each unit of disagreement.</summary>
    public required double Penalty { get; init; }

    /// <summary>Disagreement above which a dream is cut; null: nowhere.</summary>
    public double? Threshold { get; init; }
}

/// <summary>A held-out error of a stored model: a row of <c>model_error.csv</c> and <c>.parquet</c>. The columns after <c>is_last</c> are those of the table of the same name in a run's folder.</summary>
public sealed record ReportedModelError(
    string Algorithm, string Run, long Seed, int Step, bool IsLast, int Horizon, string Target, int? Dimension, long Count, double Error, double Persistence, double Spread, double? ErrorOverPersistence, double? ErrorOverSpread);

/// <summary>Whether a stored model's spread is right: a row of <c>calibration.csv</c> and <c>.parquet</c>, after <c>is_last</c> as in a run's folder.</summary>
public sealed record ReportedCalibration(
    string Algorithm, string Run, long Seed, int Step, bool IsLast, int Horizon, string Target, int? Dimension, long Count, double Within50, double Within80, double Within95, double ZMean, double ZVariance);
