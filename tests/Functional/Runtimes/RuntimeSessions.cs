using Dataplane.TestKit;

namespace Dataplane.Functional.Runtimes;

/// <summary>
/// One session for each runtime, all started at once with the pods of all walkthroughs, so that what one waits for is the others'
/// time. A runtime that is not installed skips its tests only.
/// </summary>
public sealed class RuntimeSessions : IAsyncLifetime
{
    private static readonly string[] Names = ["process", "docker", "cri"];

    private static readonly string[] Manifests =
    [
        VolumeWalkTests.Manifest, ProbeWalkTests.Manifest, LogWalkTests.Manifest, ExecWalkTests.Manifest, PortForwardWalkTests.Manifest, EndWalkTests.Manifest, ResizeWalkTests.Manifest,
    ];

    private readonly Engines _engines = new();
    private Dictionary<string, Task<RuntimeSession>> _sessions = [];

    public static TheoryData<string> Runtimes => new(Names);

    public async ValueTask InitializeAsync()
    {
        _sessions = Names.ToDictionary(name => name, name => StartAsync(name, "node-" + name, Manifests));
        await AllStartedAsync();
    }

    /// <summary>The one that the walkthroughs share.</summary>
    internal Task<RuntimeSession> OfAsync(string runtime) => _sessions[runtime];

    /// <inheritdoc cref="Engines.PrivateImageAsync"/>
    internal Task<string> PrivateImageAsync() => _engines.PrivateImageAsync();

    /// <summary>One of the caller's own, who disposes it.</summary>
    internal Task<RuntimeSession> StartAsync(string runtime, string nodeName, params string[] manifests) =>
        Task.Run(() => RuntimeSession.StartAsync(runtime, nodeName, _engines, manifests));

    public async ValueTask DisposeAsync()
    {
        await AllStartedAsync();
        await Task.WhenAll(_sessions.Values.Where(one => one.IsCompletedSuccessfully).Select(async one => await (await one).DisposeAsync()));
        await _engines.DisposeAsync();
    }

    /// <summary>What does not start fails or skips the tests that want it.</summary>
    private async Task AllStartedAsync() => await Task.WhenAll(_sessions.Values.Cast<Task>()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}

[CollectionDefinition(Name)]
public sealed class RuntimeCollection : ICollectionFixture<RuntimeSessions>
{
    public const string Name = "runtimes";
}
