using System.CommandLine;

namespace Dataplane.Cli.Commands;

/// <summary>What runs the containers of a node; used by more than one command.</summary>
internal static class RuntimeArguments
{
    internal static Option<string> Name()
    {
        var option = new Option<string>("--container-runtime")
        {
            Description = "What runs containers: process (this program itself), docker or cri.",
            DefaultValueFactory = _ => "process",
        };
        option.AcceptOnlyFromAmong("process", "docker", "cri");
        return option;
    }

    internal static Option<string> Endpoint() => new("--container-runtime-endpoint")
    {
        Description = "The engine's socket, unix:///run/containerd/containerd.sock for example; the usual place of the runtime if left out.",
        DefaultValueFactory = _ => "",
    };

    internal static Option<string> SandboxImage() => new("--pod-infra-container-image")
    {
        Description = "Docker's image that holds a pod's namespaces.",
        DefaultValueFactory = _ => "registry.k8s.io/pause:3.10",
    };
}
