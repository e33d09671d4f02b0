namespace Dataplane.Kubelet.Streaming;

/// <summary>
/// A version of the WebSocket protocol of Kubernetes: messages whose first byte is a channel's number. Source:
/// k8s.io/apimachinery remotecommand and wsstream; v5 is KEP-4006.
/// </summary>
/// <param name="Name">The WebSocket subprotocol.</param>
/// <param name="IsText">Text messages: the number as a digit, the rest in base64. Otherwise binary ones.</param>
/// <param name="HasStatus">A program's end is a v1 Status in JSON; before, it was a message, and nothing for success.</param>
/// <param name="ClosesChannels">A client ends a channel with a message on channel 255; without it no input ends before the session.</param>
internal sealed record ChannelProtocol(string Name, bool IsText = false, bool HasStatus = true, bool ClosesChannels = false)
{
    internal static ChannelProtocol V5 { get; } = new("v5.channel.k8s.io", ClosesChannels: true);

    internal static ChannelProtocol V4 { get; } = new("v4.channel.k8s.io");

    internal static ChannelProtocol TextV4 { get; } = new("v4.base64.channel.k8s.io", IsText: true);

    /// <summary>For exec and attach. A client that names no subprotocol gets the oldest, as upstream has it.</summary>
    internal static IReadOnlyList<ChannelProtocol> RemoteCommand { get; } =
    [
        V5, V4, TextV4, new("channel.k8s.io", HasStatus: false), new("base64.channel.k8s.io", IsText: true, HasStatus: false), new("", HasStatus: false),
    ];

    /// <summary>For ports, with a pair of channels for each.</summary>
    internal static IReadOnlyList<ChannelProtocol> PortForward { get; } = [V4, TextV4, new("")];

    /// <returns>The first that a client offers and is served; null for none.</returns>
    internal static ChannelProtocol? Choose(IReadOnlyList<ChannelProtocol> served, IList<string> offered) =>
        offered.Count == 0
            ? served.FirstOrDefault(protocol => protocol.Name.Length == 0)
            : offered.Select(name => served.FirstOrDefault(protocol => protocol.Name == name)).FirstOrDefault(protocol => protocol is not null);
}
