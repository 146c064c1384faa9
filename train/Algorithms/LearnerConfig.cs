using OfflineRL.Datasets;
using OfflineRL.Train.Networks;
using OfflineRL.Train.Sampling;

namespace OfflineRL.Train.Algorithms;

/// <summary>Settings that every learner has: its networks and its optimizer. Their defaults may differ from one learner to another.</summary>
public abstract record LearnerConfig : IValidatable
{
    /// <summary>Step size of Adam at the first step. The default value is 0.0003.</summary>
    public double LearningRate { get; init; } = 3e-4;

    /// <summary>Step size that the last step would reach; it changes linearly in between. The default value is 0, which lets the policy come to rest.</summary>
    public double FinalLearningRate { get; init; }

    /// <summary>Added to the denominator of Adam. The default value is 1e-8.</summary>
    public double AdamEpsilon { get; init; } = 1e-8;

    /// <summary>Largest 2-norm of the gradient over all parameters of a network; larger ones are scaled to it; 0 for no limit. The default value is 10.</summary>
    public double MaxGradientNorm { get; init; } = 10;

    /// <summary><c>mlp</c>, <c>nature</c> or <c>minatar</c>; <c>auto</c>, the default: by the observations' shape.</summary>
    public string Torso { get; init; } = Torsos.Auto;

    /// <summary>Widths of the hidden dense layers. Not set: 256, 256; after convolutions 512 (nature) or 128 (minatar).</summary>
    public IReadOnlyList<int>? Hidden { get; init; }

    /// <summary>What a batch has to hold.</summary>
    internal virtual ReplayNeeds Needs => ReplayNeeds.Cloning(ActionKind.Discrete);

    /// <summary>Whether it learns a model of the environment, so that numbers of the data have to be such, and vectors of floats are standardized unless the config says how: errors of a model would otherwise be weighed by units.</summary>
    internal virtual bool LearnsModel => false;

    /// <summary>Steps that it dreams at least, as some episode of the data has to be long; null: it does not dream.</summary>
    internal virtual int? DreamSteps => null;

    /// <summary>Whether vectors of floats are standardized unless the config says how.</summary>
    internal virtual bool StandardizesObservations => LearnsModel;

    /// <summary>The distribution over continuous actions where the policy's outputs speak of one; null: one normal distribution a dimension.</summary>
    internal virtual PolicyConfig? ActionDistribution => null;

    public virtual IEnumerable<string> Validate()
    {
        if (!(LearningRate > 0))
            yield return $"learning_rate is {LearningRate}; expected a positive number.";
        if (!(FinalLearningRate >= 0))
            yield return $"final_learning_rate is {FinalLearningRate}; expected a number of at least 0.";
        if (!(AdamEpsilon > 0))
            yield return $"adam_epsilon is {AdamEpsilon}; expected a positive number.";
        if (!(MaxGradientNorm >= 0))
            yield return $"max_gradient_norm is {MaxGradientNorm}; expected a number of at least 0 (0: no limit).";
        if (!Torsos.All.Contains(Torso))
            yield return $"torso is '{Torso}'; expected {string.Join(", ", Torsos.All)}.{NearestName.Hint(Torso, Torsos.All)}";
        if (Hidden is not null && Hidden.Any(width => width is < 1 or > 65_536))
            yield return $"hidden is [{string.Join(", ", Hidden)}]; expected widths from 1 to 65536.";
    }

    /// <summary>Step size of the update after <paramref name="done"/> of <paramref name="steps"/>.</summary>
    internal double LearningRateAt(long done, int steps) =>
        LearningRate + ((FinalLearningRate - LearningRate) * Math.Min(1.0, done / (double)steps));

    /// <summary>What is left to a loop that learns by rounds, filled in.</summary>
    /// <param name="steps">Gradient steps after a round.</param>
    internal virtual LearnerConfig InRounds(int steps) => this;

    /// <summary>What is left to the dataset, filled in, as the run folder keeps it.</summary>
    internal virtual LearnerConfig Resolve(Space observations, ReturnRange returns)
    {
        var torso = Torsos.Resolve(Torso, observations);
        return this with { Torso = torso, Hidden = Hidden ?? Torsos.DefaultHidden(torso) };
    }
}

/// <summary>Settings of every learner that bootstraps: a discount and a target.</summary>
public abstract record BootstrapConfig : LearnerConfig
{
    /// <summary>gamma: what a reward is worth one step later, in [0, 1]. The default value is 0.99.</summary>
    public double Discount { get; init; } = 0.99;

    /// <summary>Share of the online parameters that moves into the target at each target update, in (0, 1]; 1 copies them. The default value is 0.005.</summary>
    public double TargetRate { get; init; } = 0.005;

    /// <summary>Gradient steps between target updates. The default value is 1.</summary>
    public int TargetPeriodSteps { get; init; } = 1;

    internal override ReplayNeeds Needs => ReplayNeeds.Bootstrapping(ActionKind.Discrete, Discount);

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (!(Discount is >= 0 and <= 1))
            yield return $"discount is {Discount}; expected a number in [0, 1].";
        if (!(TargetRate is > 0 and <= 1))
            yield return $"target_rate is {TargetRate}; expected a number in (0, 1].";
        if (TargetPeriodSteps < 1)
            yield return $"target_period_steps is {TargetPeriodSteps}; expected at least 1.";
    }
}

/// <summary>Settings of every learner of action values by Q-learning, which may look several steps ahead and replay by priority.</summary>
public abstract record QLearningConfig : BootstrapConfig
{
    /// <summary>n: rewards summed before the bootstrap. The default value is 1. Above 1 nothing corrects for actions that the policy would not take.</summary>
    public int NSteps { get; init; } = 1;

    /// <summary>alpha: draws go by priority^alpha (Schaul et al. 2016); 0, the default, is uniform.</summary>
    public double PriorityExponent { get; init; }

    /// <summary>beta at the first step: how much importance weights make up for priorities; it grows linearly to 1. The default value is 0.4.</summary>
    public double PriorityCorrection { get; init; } = 0.4;

    /// <summary>Error beyond which the loss grows linearly. The default value is 1.</summary>
    public double HuberDelta { get; init; } = 1;

    internal override ReplayNeeds Needs => ReplayNeeds.Bootstrapping(ActionKind.Discrete, Discount, NSteps) with { PriorityExponent = PriorityExponent, PriorityCorrection = PriorityCorrection };

    public override IEnumerable<string> Validate()
    {
        foreach (var fault in base.Validate())
            yield return fault;
        if (NSteps is < 1 or > 1000)
            yield return $"n_steps is {NSteps}; expected 1 to 1000.";
        if (!(PriorityExponent is >= 0 and <= 1))
            yield return $"priority_exponent is {PriorityExponent}; expected a number in [0, 1] (0: uniform draws).";
        if (!(PriorityCorrection is >= 0 and <= 1))
            yield return $"priority_correction is {PriorityCorrection}; expected a number in [0, 1].";
        if (!(HuberDelta > 0))
            yield return $"huber_delta is {HuberDelta}; expected a positive number.";
    }
}
