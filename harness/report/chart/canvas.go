// Package chart draws results as pictures with the drawing library gonum.org/v1/plot. It stands apart from package report, so that only a program that
// draws links the library:
//
//	Matrix       which manager was caught in which scenario
//	Recoveries   the distributions of what the command bench measured
//	Sweep        how recoveries depend on an interval
//	Soak         what came of a soak: recoveries, bounds, failures
package chart

import (
	"fmt"
	"image/color"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	_ "gonum.org/v1/plot/vg/vgimg" // the format png
	_ "gonum.org/v1/plot/vg/vgpdf" // the format pdf
	_ "gonum.org/v1/plot/vg/vgsvg" // the format svg
)

// Formats returns the formats in which pictures can be written.
func Formats() []string { return []string{"svg", "png", "pdf"} }

// FormatOf returns the format that the extension of a file names. The error says that there is no such format.
func FormatOf(file string) (string, error) {
	format := strings.TrimPrefix(strings.ToLower(filepath.Ext(file)), ".")
	if !slices.Contains(Formats(), format) {
		return "", fmt.Errorf("%s: want a name that ends in .%s", file, strings.Join(Formats(), " or ."))
	}
	return format, nil
}

const (
	textSize    = 3 * vg.Millimeter
	smallGap    = 1 * vg.Millimeter
	lineWidth   = vg.Length(0.3)
	quarterTurn = 1.5707963267948966 // π/2
	weightBold  = 3                  // that of golang.org/x/image/font
)

// The background is drawn, so that a picture looks the same on a dark page. Blue and vermilion are those of Okabe and Ito, which colour-blind people can tell
// apart.
var (
	white     = color.White
	ink       = color.Gray{0x22}
	faint     = color.Gray{0x77}
	grid      = color.Gray{0xdd}
	ground    = color.Gray{0xf6}
	blue      = color.RGBA{0x00, 0x72, 0xb2, 0xff}
	lightBlue = color.RGBA{0xa8, 0xd0, 0xea, 0xff}
	vermilion = color.RGBA{0xd5, 0x5e, 0x00, 0xff}
)

// write draws a picture on a white canvas of the given size and writes it in a format.
func write(to io.Writer, format string, width, height vg.Length, paint func(draw.Canvas)) error {
	canvas, err := draw.NewFormattedCanvas(width, height, format)
	if err != nil {
		return err
	}
	c := draw.NewCanvas(canvas, width, height)
	fill(c, rectangle(0, 0, width, height), white)
	paint(c)
	_, err = canvas.WriteTo(to)
	return err
}

func textStyle() draw.TextStyle {
	style := draw.TextStyle{Color: ink, Font: plot.DefaultFont, Handler: plot.DefaultTextHandler}
	style.Font.Size, style.Font.Variant = textSize, "Sans"
	return style
}

func rectangle(x, y, width, height vg.Length) vg.Path {
	var path vg.Path
	path.Move(vg.Point{X: x, Y: y})
	path.Line(vg.Point{X: x + width, Y: y})
	path.Line(vg.Point{X: x + width, Y: y + height})
	path.Line(vg.Point{X: x, Y: y + height})
	path.Close()
	return path
}

func fill(c draw.Canvas, path vg.Path, shade color.Color) {
	c.SetColor(shade)
	c.Fill(path)
}

// stroke draws a line from one point to another.
func stroke(c draw.Canvas, shade color.Color, width vg.Length, dashes []vg.Length, from, to vg.Point) {
	c.StrokeLines(draw.LineStyle{Color: shade, Width: width, Dashes: dashes}, []vg.Point{from, to})
}

// say writes a text at a point, which is at the given side of the text.
func say(c draw.Canvas, shade color.Color, side draw.XAlignment, at vg.Point, text string) {
	style := textStyle()
	style.Color, style.XAlign, style.YAlign = shade, side, draw.YCenter
	c.FillText(style, at, text)
}

// bold writes a heading, whose left end is at a point.
func bold(c draw.Canvas, at vg.Point, text string) {
	style := textStyle()
	style.XAlign, style.YAlign, style.Font.Weight = draw.XLeft, draw.YCenter, weightBold
	c.FillText(style, at, text)
}
