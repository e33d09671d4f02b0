namespace Dataplane.Kubelet.Runtimes;

/// <summary>Where control groups of pods are, below the root of each hierarchy: <c>dp-pods/podUID/...</c>.</summary>
internal static class CgroupNames
{
    internal const string Root = "dp-pods";

    internal static string Pod(string uid) => $"{Root}/pod{uid}";
}
