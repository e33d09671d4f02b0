using System.CommandLine;
using Dataplane.Api;
using Dataplane.Kubelet;
using Dataplane.Kubelet.Runtimes;

namespace Dataplane.Cli.Commands;

/// <summary>The flags of <c>dataplane kubelet</c> about its own API and its containers' logs. Names are upstream's; who may ask is as kubeadm sets it.</summary>
internal sealed class KubeletServerArguments
{
    private readonly Option<bool> _anonymous = new("--anonymous-auth") { Description = "Hear those who show no credentials, as system:anonymous." };

    private readonly Option<bool> _tokens = new("--authentication-token-webhook")
    {
        Description = "Take bearer tokens that the API server knows.",
        DefaultValueFactory = _ => true,
    };

    private readonly Option<string> _authorization = new("--authorization-mode")
    {
        Description = "AlwaysAllow, or Webhook: the API server decides.",
        DefaultValueFactory = _ => "Webhook",
    };

    private readonly Option<int> _healthz = new("--healthz-port") { Description = "HTTP port of /healthz on 127.0.0.1; 0 for none.", DefaultValueFactory = _ => 10248 };

    private readonly Option<string> _logSize = new("--container-log-max-size") { Description = "When a container's log goes on in another file.", DefaultValueFactory = _ => "10Mi" };

    private readonly Option<int> _logFiles = new("--container-log-max-files") { Description = "How many files of a container's log are kept; 2 at least.", DefaultValueFactory = _ => 5 };

    private readonly Option<string> _logInterval = new("--container-log-monitor-interval")
    {
        Description = "How often a CRI runtime's logs are looked at.",
        DefaultValueFactory = _ => "10s",
    };

    internal void AddTo(Command command)
    {
        foreach (var option in (Option[])[_anonymous, _tokens, _authorization, _healthz, _logSize, _logFiles, _logInterval])
        {
            command.Add(option);
        }
    }

    /// <exception cref="FormatException">A value that is none; the message names the flag.</exception>
    internal KubeletOptions ApplyTo(ParseResult arguments, KubeletOptions options)
    {
        var size = arguments.GetValue(_logSize)!;
        return options with
        {
            AnonymousAuth = arguments.GetValue(_anonymous),
            AuthenticationTokenWebhook = arguments.GetValue(_tokens),
            AuthorizationMode = Enum.TryParse<KubeletAuthorizationMode>(arguments.GetValue(_authorization), out var mode) && Enum.IsDefined(mode)
                ? mode
                : throw new FormatException($"--authorization-mode: \"{arguments.GetValue(_authorization)}\" is neither AlwaysAllow nor Webhook"),
            HealthzPort = arguments.GetValue(_healthz),
            ContainerLogs = new ContainerLogOptions
            {
                MaxSize = Quantity.TryParse(size, out var bytes) && bytes.WholeValue > 0
                    ? bytes.WholeValue
                    : throw new FormatException($"--container-log-max-size: \"{size}\" is not a size such as 10Mi"),
                MaxFiles = arguments.GetValue(_logFiles) is >= 2 and var files
                    ? files
                    : throw new FormatException($"--container-log-max-files: must be 2 or more"),
                MonitorInterval = Interval(arguments.GetValue(_logInterval)!),
            },
        };
    }

    private static TimeSpan Interval(string text)
    {
        try
        {
            return GoDuration.Parse(text) is var interval && interval > TimeSpan.Zero ? interval : throw new FormatException($"\"{text}\" is not more than 0s");
        }
        catch (FormatException problem)
        {
            throw new FormatException($"--container-log-monitor-interval: {problem.Message}", problem);
        }
    }
}
