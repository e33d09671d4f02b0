using System.CommandLine;
using System.Net;
using Dataplane.Kubelet;
using Dataplane.Kubelet.Network;

namespace Dataplane.Cli.Commands;

/// <summary>The flags of <c>dataplane kubelet</c> about the pods' network. Names and defaults are upstream's where upstream has or had them.</summary>
internal sealed class KubeletNetworkArguments
{
    private readonly Option<string> _layout = new("--pod-network-layout")
    {
        Description = "How pods' devices are joined: bridge, or ptp for a route to each.",
        DefaultValueFactory = _ => "bridge",
    };

    private readonly Option<string> _overlay = new("--node-overlay")
    {
        Description = "How pods' packets get to other nodes: none (routes; the nodes share a link), or vxlan (as flannel, and with its nodes).",
        DefaultValueFactory = _ => "none",
    };

    private readonly Option<int> _mtu = new("--network-plugin-mtu") { Description = "MTU of pods' devices; 0 for that of the node's own." };

    private readonly Option<string[]> _nonMasquerade = new("--non-masquerade-cidr")
    {
        Description = "Where pods go with their own addresses, elsewhere with the node's; may be repeated. 0.0.0.0/0 for everywhere.",
        DefaultValueFactory = _ => ["10.0.0.0/8"],
    };

    private readonly Option<string[]> _sysctls = new("--allowed-unsafe-sysctls")
    {
        Description = "Sysctls or patterns (ending in *) that pods may set besides the safe ones; may be repeated.",
        DefaultValueFactory = _ => [],
    };

    private readonly Option<string?> _cniConfiguration = new("--cni-conf-dir")
    {
        Description = "A directory of CNI configurations such as /etc/cni/net.d: its plugins connect pods in place of the agent's own network.",
    };

    private readonly Option<string[]> _cniPlugins = new("--cni-bin-dir") { Description = "Where plugins are; may be repeated.", DefaultValueFactory = _ => ["/opt/cni/bin"] };

    internal void AddTo(Command command)
    {
        foreach (var option in (Option[])[_layout, _overlay, _mtu, _nonMasquerade, _sysctls, _cniConfiguration, _cniPlugins])
        {
            command.Add(option);
        }
    }

    /// <exception cref="FormatException">A value that is none; the message names the flag.</exception>
    internal KubeletOptions ApplyTo(ParseResult arguments, KubeletOptions options)
    {
        var kept = Split(arguments.GetValue(_nonMasquerade)!).Select(text => IPNetwork.TryParse(text, out var range)
            ? range
            : throw new FormatException($"--non-masquerade-cidr: \"{text}\" is not a range such as 10.0.0.0/8")).ToArray();
        return options with
        {
            PodNetworkLayout = arguments.GetValue(_layout) switch
            {
                "bridge" => PodNetworkLayout.Bridge,
                "ptp" => PodNetworkLayout.PointToPoint,
                var other => throw new FormatException($"--pod-network-layout: \"{other}\" is neither bridge nor ptp"),
            },
            Overlay = arguments.GetValue(_overlay) switch
            {
                "none" => NodeOverlay.None,
                "vxlan" => NodeOverlay.Vxlan,
                var other => throw new FormatException($"--node-overlay: \"{other}\" is neither none nor vxlan"),
            },
            PodMtu = arguments.GetValue(_mtu) is > 0 and var mtu ? mtu : null,
            NonMasqueradeCidrs = Array.Exists(kept, range => range.PrefixLength == 0) ? null : kept,
            CniConfDir = arguments.GetValue(_cniConfiguration),
            CniBinDirs = [.. Split(arguments.GetValue(_cniPlugins)!)],
            AllowedUnsafeSysctls = [.. Split(arguments.GetValue(_sysctls)!)],
        };
    }

    private static IEnumerable<string> Split(string[] values) => values.SelectMany(value => value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
}
