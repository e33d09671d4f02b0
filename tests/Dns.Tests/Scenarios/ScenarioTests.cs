namespace Dataplane.Dns.Tests.Scenarios;

/// <summary>The case lists of CoreDNS's kubernetes plugin and of the specification, as step files under Cases.</summary>
public sealed class ScenarioTests
{
    public static TheoryData<string> Files =>
        [.. Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Cases"), "*.steps").Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void EveryStepIsAnswered(string file) => StepFile.Run(Path.Combine(AppContext.BaseDirectory, "Cases", file));
}
