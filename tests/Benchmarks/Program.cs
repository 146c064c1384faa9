using OfflineRL.Benchmarks;
using OfflineRL.Benchmarks.Harness;

// Each benchmark is one file beside this one, listed here.
IBenchmark[] benchmarks =
[
    new OperatorCallBenchmark(),
    new DqnUpdateBenchmark(),
    new EnvironmentsBenchmark(),
    new PixelsBenchmark(),
    new MujocoBenchmark(),
    new TabularBenchmark(),
    new DqnBenchmark(),
    new ColumnsBenchmark(),
    new ExternalBenchmark(),
];

return Runner.Run(benchmarks, args);
