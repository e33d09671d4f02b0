using System.Globalization;
using System.Text;

namespace Dataplane.ControlPlane.Machinery.Metrics;

/// <summary>Writes Prometheus text exposition, version 0.0.4: families must come whole, one after another.</summary>
internal sealed class ExpositionWriter
{
    private readonly StringBuilder _text = new();

    public void Family(string name, string type, string help) =>
        _text.Append("# HELP ").Append(name).Append(' ').Append(help).Append("\n# TYPE ").Append(name).Append(' ').Append(type).Append('\n');

    /// <param name="name">Of the family, with its suffix.</param>
    /// <param name="labels">Already in the form name="value",...; empty for none.</param>
    /// <param name="value">The sample.</param>
    public void Sample(string name, string labels, double value)
    {
        _text.Append(name);
        if (labels.Length > 0)
        {
            _text.Append('{').Append(labels).Append('}');
        }

        _text.Append(' ').Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
    }

    /// <summary>A family of one sample.</summary>
    public void Single(string name, string type, string help, double value)
    {
        Family(name, type, help);
        Sample(name, "", value);
    }

    public override string ToString() => _text.ToString();
}
