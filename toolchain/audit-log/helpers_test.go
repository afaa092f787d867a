package main

import (
	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/tessera/api/layout"
)

func checkpointText(origin string, leaves []hash) string {
	root := rootOf(leaves)
	return string(log.Checkpoint{Origin: origin, Size: uint64(len(leaves)), Hash: root[:]}.Marshal())
}

func tileName(size int) string {
	return layout.TilePath(0, 0, layout.PartialTileSize(0, 0, uint64(size)))
}
