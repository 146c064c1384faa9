namespace OfflineRL.Evaluate;

/// <summary>Which fitter a config means.</summary>
static class ValueFitters
{
    /// <summary>The fitter; null where no values are asked for.</summary>
    public static IValueFitter? Create(ValueConfig config) => config.Kind switch
    {
        ValueKind.None => null,
        ValueKind.Columns => new StoredValues(config),
        _ => new FittedValues(config),
    };

    /// <summary>What the table calls the values.</summary>
    public static string Label(ValueConfig config) =>
        config.Kind.ToString().ToLowerInvariant() + (config.Folds == 1 && config.Kind is not (ValueKind.None or ValueKind.Columns) ? " (same log)" : "");
}
