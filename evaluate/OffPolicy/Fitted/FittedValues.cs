using OfflineRL.Datasets;
using OfflineRL.Torch;

namespace OfflineRL.Evaluate;

/// <summary>Values that a model fitted to the log gives, each episode's from a fit without it.</summary>
sealed class FittedValues(ValueConfig config) : IValueFitter
{
    public ValueColumns Fit(OpeLog log, IEvaluationPolicy policy, RandomStream random, CancellationToken cancellation)
    {
        var model = Model(log.Columns.Info);
        var fit = FitLogBuilder.Create(log, policy, config.Draws, random.Derive("draws"), cancellation);
        return CrossFitting.Fit(model, fit, config.Folds, random.Derive("fit"), cancellation);
    }

    /// <summary>The model that a config means.</summary>
    /// <exception cref="UserErrorException">It is not for the log's spaces.</exception>
    IValueModel Model(ColumnsInfo info)
    {
        var kind = config.Kind.ToString().ToLowerInvariant();
        switch (config.Kind)
        {
            case ValueKind.Tabular or ValueKind.Model when info.ObservationSpace is not DiscreteSpace:
                throw EvaluateThrow.FitNeedsStates(kind, info.ObservationSpace, info.Dataset);
            case ValueKind.Tabular or ValueKind.Model when info.ActionSpace is not DiscreteSpace:
                throw EvaluateThrow.FitNeedsDiscreteActions(kind, info.ActionSpace, info.Dataset);
            case ValueKind.Tabular:
                return new TabularQ();
            case ValueKind.Model:
                return new TabularModel();
            case ValueKind.Deep:
                return new DeepQ(config.Deep, TorchExtras.SelectDevice(config.Device));
            default:
                return new LinearQ(config.Ridge);
        }
    }
}
