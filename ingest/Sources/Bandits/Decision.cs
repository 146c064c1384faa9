namespace OfflineRL.Ingest;

/// <summary>Why an event cannot be taken.</summary>
sealed class EventException(string reason) : Exception(reason);

/// <summary>What kind of decisions a log holds; those of one import are of one kind.</summary>
enum DecisionKind
{
    /// <summary>One of several actions that have no features of their own.</summary>
    Bandit,

    /// <summary>One of several actions with features.</summary>
    ActionFeatures,

    /// <summary>An action for each slot of an event.</summary>
    Slots,

    /// <summary>A real number, with the density it was drawn with.</summary>
    Continuous,
}

/// <summary>One decision of a contextual bandit's log.</summary>
sealed class Decision
{
    public required DecisionKind Kind { get; init; }

    /// <summary>Hashed features of the context.</summary>
    public required float[] Context { get; init; }

    /// <summary>From 0.</summary>
    public int Action { get; init; }

    public double ContinuousAction { get; init; }

    public required double Cost { get; init; }

    /// <summary>Of the action, or its density.</summary>
    public required double Probability { get; init; }

    /// <summary>Of all actions; null: not logged.</summary>
    public double[]? Probabilities { get; init; }

    /// <summary>Which actions could be taken; null: all.</summary>
    public bool[]? Allowed { get; init; }

    /// <summary>Hashed features of each action; null: they have none.</summary>
    public float[][]? Features { get; init; }

    public string? EventId { get; init; }

    public string? Time { get; init; }

    public string? Slot { get; init; }

    /// <summary>What else was observed, as JSON.</summary>
    public string? Feedback { get; init; }

    /// <summary>An action that stands before the logged one: that to evaluate, or the first of those allowed.</summary>
    public int? Evaluated { get; init; }

    /// <summary>Whether the event's last decision.</summary>
    public bool Last { get; init; } = true;

    /// <summary>Actions of the decision.</summary>
    public int Actions => Features?.Length ?? Math.Max(Probabilities?.Length ?? 0, Allowed?.Length ?? Action + 1);

    /// <exception cref="EventException">The decision contradicts itself.</exception>
    public void Require()
    {
        if (!double.IsFinite(Cost))
            throw new EventException($"the cost is {Text(Cost)}; expected a finite number");
        if (Kind == DecisionKind.Continuous)
        {
            if (!double.IsFinite(ContinuousAction) || !(Probability > 0) || !double.IsFinite(Probability))
                throw new EventException($"the action is {Text(ContinuousAction)} and its density {Text(Probability)}; expected a finite number, and a density above 0");
            return;
        }

        if (!(Probability > 0 && Probability <= 1 + 1e-6))
            throw new EventException($"the probability of the action taken is {Text(Probability)}; expected one above 0 and at most 1");
        if (Action < 0 || (Features is not null && Action >= Features.Length))
            throw new EventException($"the action taken is {Action}, from 0; expected one of the {Features?.Length} that were on offer");
        if (Probabilities is not null && Math.Abs(Probabilities[Action] - Probability) > 1e-5)
            throw new EventException($"the probability of the action taken is {Text(Probability)}, and {Text(Probabilities[Action])} among those of all actions; expected one number");
        if (Probabilities is not null && Math.Abs(Probabilities.Sum() - 1) > 1e-6)
            throw new EventException($"the probabilities of all actions sum to {Text(Probabilities.Sum())}; expected 1");
        if (Allowed is not null && !Allowed[Action])
            throw new EventException($"the action taken, {Action} from 0, is not among those on offer");
    }

    static string Text(double value) => value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
